'use strict'
// A server of the reference, on the loopback.
//
// Argument: {"version": 1 | 3, "suites": [text...], "external"?: host, "certificate"?: {"chain": PEM, "key": PEM},
//   "networkKey": hex, "seed": hex, "allow": "all" | [hex...], "serve": "echo" | "greet" | "discard", "quiet"?: true}
//   suites    their layers' names: "net~shs", "ws~shs", "wss~shs", "net~noauth"
//   external  the host of net in the public scope; with it, version 1 serves there and version 3 there too
//   echo   returns every byte, and ends when its peer does
//   greet  sends "hello" and ends at once; reads until its peer ends
//   discard  reads until its peer ends, and then ends too
//   quiet  says nothing of what happens
// Standard output: an object of the multi-address in each scope in the first line, then one JSON object in each line for what happened:
//   {"event": "connected", "peer": hex}    {"event": "failed", "error": text}
//   {"event": "sent" | "received", "bytes": number, "error": text | null}    a direction ended; null is a clean end
// It ends when its standard input does.

const net = require('net')
const pull = require('pull-stream')
const { config, multiserver, reason } = require('./peer')

const report = (event) => config.quiet || console.log(JSON.stringify(event))

const authenticate = (key, cb) =>
  cb(null, config.allow === 'all' || config.allow.includes(key.toString('hex')))

// Passes bytes on, counts them, and reports how they ended.
const watch = (event) => {
  let bytes = 0
  return pull.through(
    (data) => { bytes += data.length },
    (end) => report({ event, bytes, error: reason(end) })
  )
}

const handlers = {
  echo: (stream) => pull(stream.source, watch('received'), watch('sent'), stream.sink),
  discard: (stream) => {
    pull(stream.source, pull.onEnd(() => pull(pull.empty(), stream.sink)))
  },
  greet: (stream) => {
    pull(pull.once(Buffer.from('hello')), watch('sent'), stream.sink)
    pull(stream.source, watch('received'), pull.onEnd(() => {}))
  }
}

// Neither version tells the port that the system chose, and version 1 listens on every interface whatever its host is.
const { listen } = net.Server.prototype
const ports = new Map()
let starting = config.suites.length
net.Server.prototype.listen = function (number, ...rest) {
  this.on('listening', () => {
    ports.set(`:${number}~`, `:${this.address().port}~`)
    if (--starting === 0) console.log(JSON.stringify(Object.fromEntries(['device', 'local', 'private', 'public'].map((s) => [s, address(s)]))))
  })
  return listen.call(this, 0, '127.0.0.1', rest.find((arg) => typeof arg === 'function'))
}
const address = (scope) => [...ports].reduce((text, [from, to]) => text.replace(from, to), ms.stringify(scope))

const ms = multiserver(authenticate)
ms.server(
  (stream) => {
    report({ event: 'connected', peer: stream.remote.toString('hex') })
    handlers[config.serve](stream)
  },
  (err) => report({ event: 'failed', error: reason(err) })
)

process.stdin.on('end', () => process.exit()).resume()
