// Loaded by node before configurable-http-proxy: what may pass between browsers and the servers of
// this machine, of which people's own are taken to be hostile to the others, and browsers to the hub.
"use strict";

const http = require("node:http");
const https = require("node:https");
const own = require("./proxy-certificate.cjs");

// The hub reads the whole body of a request before it looks who sends it.
const LARGEST_BODY = 1024 * 1024;
const BODY_MILLISECONDS = 30000;
const plain = process.env.CERTIFICATE === "none";
// With it, the server of amy has the name amy.DOMAIN, and the hub has DOMAIN and no other.
const domain = (process.env.SUBDOMAIN_HOST ?? "").toLowerCase();
const port = plain || process.env.HTTPS_PORT === "443" ? "" : `:${process.env.HTTPS_PORT}`;
// What programs that look whether the hub is there ask, at any name.
const HEALTH = "/hub/health";

// What the hub has routed elsewhere than to itself: /user/zoe, or with a domain /zoe.DOMAIN/user/zoe.
const prefixes = new Set();

// The hub tells the proxy of its routes here; the socket's folder keeps others away.
function learnRoute(request) {
  const [, route] = /^\/api\/routes(\/[^?]+)/.exec(request.url) ?? [];
  if (route && route !== "/") {
    const prefix = decodeURIComponent(route).replace(/\/$/, "");
    if (request.method === "POST") prefixes.add(prefix);
    if (request.method === "DELETE") prefixes.delete(prefix);
  }
}

// A path as it is compared; empty if it cannot be read.
function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}

// The route that a request takes, or undefined for the hub's own.
function prefixOf(url, host) {
  let path;
  try {
    path = decoded(new URL(url, "http://localhost").pathname);
  } catch {
    return undefined; // configurable-http-proxy refuses it
  }
  if (domain) path = `/${nameOf(host)}${path}`;
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
    if (prefixes.has(path.slice(0, end))) return path.slice(0, end);
  }
  return undefined;
}

// The name of a Host line, as configurable-http-proxy reads it.
function nameOf(host) {
  return (host ?? "").split(":")[0];
}

// Why a request, to the hub or not, does not pass, as an HTTP status; undefined if it does.
function refusal(request, toHub) {
  const { headers } = request;
  const origin = headers.origin;
  if (headers.upgrade && origin && !plain && origin !== `https://${headers.host}`) return 403;
  if (!toHub) return undefined;
  if (isElsewhere(request)) return headers.upgrade || !/^(GET|HEAD)$/.test(request.method) ? 421 : 302;
  if (headers["transfer-encoding"]) return 411;
  if (Number(headers["content-length"] ?? 0) > LARGEST_BODY) return 413;
  return undefined;
}

// Where a browser finds, at a name of this server, what it has asked for.
function locationAt(host, url) {
  return `https://${host}${port}${url.startsWith("/") ? url : "/"}`;
}

// Whether the hub is asked at a name that is not its own.  At amy's, its pages would be in the reach
// of what she puts there.
function isElsewhere(request) {
  const name = nameOf(request.headers.host).toLowerCase();
  return domain !== "" && name !== domain && request.url !== HEALTH;
}

// Passes a request on, or answers it; `answer` is a response, or a socket for an upgrade.
function admit(request, answer) {
  // another proxy in front of this one says who asks; anybody else could say what they like
  if (!plain) delete request.headers["x-real-ip"];
  const toHub = prefixOf(request.url, request.headers.host) === undefined;
  const status = refusal(request, toHub);
  if (status === undefined) {
    if (toHub && request.headers["content-length"]) limitTime(request);
    return true;
  }
  const reason = http.STATUS_CODES[status];
  if (answer instanceof http.ServerResponse) {
    const elsewhere = status === 302 ? { Location: locationAt(domain, request.url) } : {};
    answer.writeHead(status, { "Content-Type": "text/plain", ...elsewhere });
    answer.end(`${reason}\n`);
    // what comes is thrown away; a browser reads no answer while it sends
    request.resume();
    limitTime(request);
  } else {
    answer.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
  return false;
}

// A body of the hub's that does not come in time would stay in its memory.
function limitTime(request) {
  const timer = setTimeout(() => request.destroy(), BODY_MILLISECONDS);
  request.once("end", () => clearTimeout(timer));
  request.once("close", () => clearTimeout(timer));
}

// Takes out of an answer what concerns others than the server that gives it.
function confine(message, url, host) {
  const { headers } = message;
  // which version it is helps only those who look for an old one
  delete headers.server;
  delete headers["x-jupyterhub-version"];
  if (own.isAnothers) {
    headers["strict-transport-security"] ??= "max-age=31536000";
  }
  const route = prefixOf(url, host);
  if (route === undefined) return;
  const prefix = domain ? "" : route; // all of a name of her own is hers
  // it would serve the pages of everybody, the login page too
  if (!domain) delete headers["service-worker-allowed"];
  if (headers["set-cookie"]) {
    headers["set-cookie"] = headers["set-cookie"]
      .map((cookie) => confinedCookie(cookie, prefix))
      .filter((cookie) => cookie !== undefined);
  }
}

// A cookie as it may stand, or undefined if browsers would send it to others.
function confinedCookie(cookie, prefix) {
  let path;
  for (const attribute of cookie.split(";").slice(1)) {
    const [name, value = ""] = attribute.split("=", 2).map((part) => part.trim());
    if (/^domain$/i.test(name)) return undefined;
    if (/^path$/i.test(name)) path = value;
  }
  if (path === undefined) return `${cookie}; Path=${encodeURI(prefix)}/`;
  const place = decoded(path);
  return place === prefix || place.startsWith(`${prefix}/`) ? cookie : undefined;
}

for (const { prototype } of [http.Server, https.Server]) {
  const emit = prototype.emit;
  prototype.emit = function (event, request, answer, ...others) {
    if (event === "request" || event === "upgrade" || event === "checkContinue") {
      if (typeof this.address() === "string") learnRoute(request);
      else if (!admit(request, answer)) return true;
    }
    return emit.call(this, event, request, answer, ...others);
  };
}

const emit = http.ClientRequest.prototype.emit;
http.ClientRequest.prototype.emit = function (event, message, ...others) {
  if (event === "response" || event === "upgrade") confine(message, this.path, this.getHeader("host"));
  // each request to a Unix socket has a connection of its own; the browser's goes on
  if (event === "response") delete message.headers.connection;
  // a socket that is not there yet is as a port on which nobody listens: one line in the journal
  if (event === "error" && message.code === "ENOENT") message.code = "ECONNREFUSED";
  return emit.call(this, event, message, ...others);
};

exports.locationAt = locationAt;
