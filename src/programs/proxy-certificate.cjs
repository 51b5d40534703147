// Loaded by node before configurable-http-proxy, which reads its certificate only when it starts: at
// SIGHUP the key and certificate that `proxy-reload` has put down are used for new connections,
// and those that are open go on.  `certificate` is what others need to know of the one in use.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const tls = require("node:tls");

const directory = "/run/teamhub-proxy";
const setSecureContext = tls.Server.prototype.setSecureContext;

// No authority of this server's own has signed the one in use (tls/authority.py names them all).
exports.isAnothers = false;

function know(pem) {
  exports.certificate = new crypto.X509Certificate(pem);
  exports.isAnothers = !/^CN=teamhub on /m.test(exports.certificate.issuer);
}

// node would end at the signal if there is no certificate to renew (CERTIFICATE=none).
process.on("SIGHUP", () => {});

// node calls this once for a server that is being made, with the options that it was made with.
tls.Server.prototype.setSecureContext = function (options) {
  setSecureContext.call(this, options);
  know(options.cert);
  process.on("SIGHUP", () => {
    try {
      const key = fs.readFileSync(`${directory}/server.key`);
      const cert = fs.readFileSync(`${directory}/server.crt`);
      setSecureContext.call(this, { ...options, key, cert });
      know(cert);
      console.log("teamhub: the new certificate is in use");
    } catch (error) {
      console.error(`teamhub: the old certificate stays in use: ${error.message}`);
    }
  });
};
