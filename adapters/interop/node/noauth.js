'use strict'
// The reference over net~noauth or unix~noauth, which have no secret handshake.
//
// Argument: {"version": 1 | 3, "role": "server" | "client", "transport": "net" | "unix", "directory"?: path,
//   "address"?: text, "length"?: number}
//   server    listens on the loopback, or at the path "socket" in the directory; returns every byte of one peer
//   client    sends to the address as many bytes as length says, 0 to 250 over and over, ends, and expects them back
// Standard output: the server's address, in a line of its own.
// Standard error: one line, "done" or what went wrong.
// It ends when its standard input does.

const net = require('net')
const { run } = require('./echo')
const { config } = require('./peer')

const { listen } = net.Server.prototype
net.Server.prototype.listen = function (place) {
  this.on('listening', () => {
    const at = this.address()
    console.log(typeof at === 'string' ? `unix:${at}~noauth` : `net:${at.address}:${at.port}~noauth`)
  })
  return config.transport === 'net' ? listen.call(this, place, '127.0.0.1') : listen.call(this, place)
}

const name = `multiserver-${config.version}`
const transports = {
  net: () => require(`${name}/plugins/net`)({ scope: 'device', host: '127.0.0.1', port: '0' }),
  unix: () => require(`${name}/plugins/unix-socket`)({ path: config.directory, server: true })
}
const noauth = require(`${name}/plugins/noauth`)({ keys: { publicKey: Buffer.alloc(32) } })
run(require(name)([[transports[config.transport](), noauth]]))

process.stdin.on('end', () => process.exit()).resume()
