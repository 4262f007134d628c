'use strict'
// A client of the reference in a browser: sends bytes to the server at config.address, which returns them, ends, and
// tells the page's own server how that went: /result?ok, or /result? and what was wrong.
// It ends when everything is back: a browser passes on nothing that comes after it began to close a WebSocket.
//
// window.config: {"address": text, "networkKey": hex, "seed": hex, "length": number}

const pull = require('pull-stream')
const multiserver = require('multiserver-3')
const shs = require('multiserver-3/plugins/shs')
const ws = require('multiserver-3/plugins/ws')

const { config } = window
const hex = (text) => Buffer.from(text, 'hex')
const tell = (result) => fetch(`/result?${encodeURIComponent(result)}`)
const reason = (error) => String(error.message || error.type || error)

const sent = Buffer.alloc(config.length, 'bytes to and fro')
const client = multiserver([
  [ws({}), shs({ seed: hex(config.seed), appKey: hex(config.networkKey), authenticate: (_, cb) => cb(null, false) })]
])

client.client(config.address, (err, stream) => {
  if (err) return tell(`connecting: ${reason(err)}`)
  const parts = [sent]
  let [isDone, end] = [false, () => {}]
  const source = (abort, cb) => {
    if (abort || isDone) cb(abort || true)
    else if (parts.length > 0) cb(null, parts.shift())
    else end = cb
  }
  pull(source, stream.sink)

  let received = Buffer.alloc(0)
  pull(
    stream.source,
    pull.drain(
      (part) => {
        received = Buffer.concat([received, part])
        if (received.length < sent.length) return
        tell(received.equals(sent) ? 'ok' : 'other bytes came back')
        isDone = true
        end(true)
      },
      (err) => {
        if (received.length < sent.length) tell(`receiving: ${err ? reason(err) : 'too little'}`)
      }
    )
  )
})
