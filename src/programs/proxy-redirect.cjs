// Loaded by node before configurable-http-proxy, for its port that sends browsers on to HTTPS, and
// where an authority looks who asks it for a certificate (ACME: RFC 8555, section 8.3).
"use strict";

const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const own = require("./proxy-certificate.cjs");
const { locationAt } = require("./proxy-edge.cjs"); // loaded before this

const listen = net.Server.prototype.listen;
const { CERTIFICATE, HTTP_PORT: port, LISTEN_ADDRESS: address } = process.env;

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

// What `acme-challenge` has put down, and only while a certificate is being fetched.
const CHALLENGE = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]{1,200})$/;
const CHALLENGES = "/run/teamhub/acme";
const LONGEST_ANSWER = 1024;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

// The answer to an authority's question, or undefined if it has asked none of that name.  The folder
// is of another account, which must not get at the proxy's own files by a link.
function challengeAnswer(request) {
  const [, token] = CHALLENGE.exec(request.url) ?? [];
  if (token === undefined || !/^(GET|HEAD)$/.test(request.method)) return undefined;
  let file;
  try {
    file = fs.openSync(`${CHALLENGES}/${token}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fs.fstatSync(file).isFile()) return undefined;
    const read = Buffer.alloc(LONGEST_ANSWER);
    return read.subarray(0, fs.readSync(file, read));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, request, answer, ...others) {
  const redirects = CERTIFICATE !== "none" && String(this.address()?.port) === port;
  if (event !== "request" || !redirects) return emit.call(this, event, request, answer, ...others);
  const found = challengeAnswer(request);
  if (found !== undefined) {
    const length = { "Content-Length": found.length };
    answer.writeHead(200, { "Content-Type": "application/octet-stream", ...length });
    answer.end(request.method === "HEAD" ? undefined : found);
    return true;
  }
  const host = hostFor(request);
  if (host) {
    answer.writeHead(301, { Location: locationAt(host, request.url) });
    answer.end();
  } else {
    answer.writeHead(400, { "Content-Type": "text/plain" });
    answer.end("This server is to be asked by HTTPS.\n");
  }
  return true;
};
