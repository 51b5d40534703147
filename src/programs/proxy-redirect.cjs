// Loaded by node before configurable-http-proxy, for its port that sends browsers on to HTTPS.
"use strict";

const http = require("node:http");
const net = require("node:net");
const own = require("./proxy-certificate.cjs");

const listen = net.Server.prototype.listen;
const { CERTIFICATE, HTTP_PORT: port, HTTPS_PORT, LISTEN_ADDRESS: address } = process.env;

// It would be opened on every address, whatever --ip says: with a LISTEN_ADDRESS it is opened there
// alone.
net.Server.prototype.listen = function (...args) {
  const withoutAddress = String(args[0]) === port && typeof args[1] === "function";
  if (address && withoutAddress) {
    args.splice(1, 0, address);
  }
  return listen.apply(this, args);
};

// Whether the certificate is for a name or an address.
function covers(host) {
  const { certificate } = own;
  const bare = host.replace(/^\[|\]$/g, "");
  const covered = net.isIP(bare) ? certificate.checkIP(bare) : certificate.checkHost(bare);
  return covered !== undefined;
}

// Where a browser is sent on to: not where a request says, unless that is this server.
function hostFor(request) {
  try {
    const { hostname } = new URL(`http://${request.headers.host}`);
    if (covers(hostname)) return hostname;
  } catch {
    // no name, or none that can be read
  }
  const [, first] = /DNS:([^,*]+)(,|$)/.exec(own.certificate.subjectAltName ?? "") ?? [];
  return first;
}

const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, request, answer, ...others) {
  const redirects = CERTIFICATE !== "none" && String(this.address()?.port) === port;
  if (event !== "request" || !redirects) return emit.call(this, event, request, answer, ...others);
  const host = hostFor(request);
  const path = request.url.startsWith("/") ? request.url : "/";
  if (host) {
    const suffix = HTTPS_PORT === "443" ? "" : `:${HTTPS_PORT}`;
    answer.writeHead(301, { Location: `https://${host}${suffix}${path}` });
    answer.end();
  } else {
    answer.writeHead(400, { "Content-Type": "text/plain" });
    answer.end("This server is to be asked by HTTPS.\n");
  }
  return true;
};
