// Loaded by node before configurable-http-proxy, which opens the port that sends browsers on to
// HTTPS on every address, whatever --ip says: with a LISTEN_ADDRESS it is opened there alone.
"use strict";

const net = require("node:net");

const listen = net.Server.prototype.listen;
const { HTTP_PORT: port, LISTEN_ADDRESS: address } = process.env;

net.Server.prototype.listen = function (...args) {
  const withoutAddress = String(args[0]) === port && typeof args[1] === "function";
  if (address && withoutAddress) {
    args.splice(1, 0, address);
  }
  return listen.apply(this, args);
};
