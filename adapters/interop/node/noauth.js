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
const pull = require('pull-stream')
const { config, reason } = require('./peer')

const PIECE = 100000

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
const ms = require(name)([[transports[config.transport](), noauth]])

const report = (error) => console.error(error || 'done')
const payload = Buffer.alloc(config.length || 0, Buffer.from(Array.from({ length: 251 }, (_, i) => i)))
const pieces = []
for (let start = 0; start < payload.length; start += PIECE) pieces.push(payload.slice(start, start + PIECE))

if (config.role === 'server') {
  ms.server((stream) => pull(stream.source, pull.through(null, (end) => report(reason(end))), stream.sink), report)
} else {
  ms.client(config.address, (err, stream) => {
    if (err) return report(reason(err))
    pull(pull.values(pieces), stream.sink)
    pull(stream.source, pull.collect((err, received) => {
      report(reason(err) || (Buffer.concat(received).equals(payload) ? null : 'other bytes came back'))
    }))
  })
}

process.stdin.on('end', () => process.exit()).resume()
