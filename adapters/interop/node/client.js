'use strict'
// A client of the reference: its standard input to the peer, the peer to its standard output.
//
// Argument: {"version": 1 | 3, "suites": [text...], "networkKey": hex, "seed": hex, "address": text}
//   suites   their layers' names, as in server.js
// Standard error: one line for each direction that ended, or why no connection came about.
// Exit status: 0 when both directions ended cleanly, 1 when no connection came about, 2 otherwise.

const pull = require('pull-stream')
const toPull = require('stream-to-pull-stream')
const { config, multiserver, reason } = require('./peer')

const open = new Set(['sending', 'receiving'])
process.exitCode = 2

// Passes bytes on, notes and tells how they ended.
const watch = (direction) => pull.through(null, (end) => {
  const error = reason(end)
  console.error(`${direction}: ${error || 'clean end'}`)
  if (!error) open.delete(direction)
  if (open.size === 0) process.exitCode = 0
})

multiserver().client(config.address, (err, stream) => {
  if (err) {
    console.error(`connecting: ${reason(err)}`)
    process.exitCode = 1
    process.stdin.destroy()
  } else {
    pull(toPull.source(process.stdin), watch('sending'), stream.sink)
    pull(stream.source, watch('receiving'), toPull.sink(process.stdout))
  }
})
