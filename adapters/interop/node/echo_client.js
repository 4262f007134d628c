'use strict'
// A client of the reference that returns every byte to its server, and ends when that does.
//
// Argument: {"version": 1 | 3, "suites": [text], "networkKey": hex, "seed": hex, "address": text}
//   suites   their layers' names, as in server.js
// Exit status: 0 when a connection came about, 1 when none did. An exception that nobody catches ends it by a signal.

const pull = require('pull-stream')
const { config, multiserver } = require('./peer')

process.on('uncaughtException', () => process.kill(process.pid, 'SIGKILL'))

multiserver().client(config.address, (err, stream) => {
  if (err) process.exitCode = 1
  else pull(stream.source, stream.sink)
})
