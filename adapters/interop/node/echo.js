'use strict'
// What a peer does that either returns every byte or sends bytes and expects them back.

const pull = require('pull-stream')
const { config, reason } = require('./peer')

// The client sends its bytes in pieces of this size.
const PIECE = 100000

// Plays config.role with this multiserver; a client sends config.length bytes, 0 to 250 over and over, to config.address.
// Standard error: one line, "done" or what went wrong.
exports.run = (ms) => {
  const report = (error) => console.error(error || 'done')
  if (config.role === 'server') {
    ms.server((stream) => pull(stream.source, pull.through(null, (end) => report(reason(end))), stream.sink), report)
    return
  }
  const payload = Buffer.alloc(config.length || 0, Buffer.from(Array.from({ length: 251 }, (_, i) => i)))
  const pieces = []
  for (let start = 0; start < payload.length; start += PIECE) pieces.push(payload.slice(start, start + PIECE))
  ms.client(config.address, (err, stream) => {
    if (err) return report(reason(err))
    pull(pull.values(pieces), stream.sink)
    pull(stream.source, pull.collect((err, received) => {
      report(reason(err) || (Buffer.concat(received).equals(payload) ? null : 'other bytes came back'))
    }))
  })
}
