'use strict'
// A client of the reference that measures, as `multiserver bench` does: a handshake is one connection from its opening
// until both sides have ended.
//
// Argument: {"version": 1 | 3, "suites": [text], "networkKey": hex, "seed": hex, "seconds": number,
//   "discard": address, "echo": address}   servers of server.js by what they serve
// Standard output: one JSON object with the four measures.

const pull = require('pull-stream')
const { config, multiserver } = require('./peer')

// No more connections than the system has ports for, and as much written at once, as in `multiserver bench`.
const MOST = 10000
const AT_ONCE = 32
const CHUNK = Buffer.alloc(64 * 1024)
const MIB = 1024 * 1024

const ms = multiserver()
const connect = (address) =>
  new Promise((resolve, reject) => ms.client(address, (err, stream) => (err ? reject(err) : resolve(stream))))
const seconds = (begun) => Number(process.hrtime.bigint() - begun) / 1e9

// The reference's WebSocket has no half-close: who ends first cuts the other off, which is then no error here.
const isCutOff = (err) => config.suites[0].startsWith('ws') && /unexpected hangup/.test(err)

// Sends what read gives, tells onData of what is received, and waits until both sides have ended.
const exchange = (stream, read, onData) =>
  new Promise((resolve, reject) => {
    pull(stream.source, pull.drain(onData, (err) => (err && err !== true && !isCutOff(err) ? reject(err) : resolve())))
    pull(read, stream.sink)
  })

const handshakes = (atOnce) => async (time) => {
  const begun = process.hrtime.bigint()
  const loop = async () => {
    let count = 0
    do {
      await exchange(await connect(config.discard), pull.empty())
      count++
    } while (seconds(begun) < time && count < MOST / atOnce)
    return count
  }
  const counts = await Promise.all(Array.from({ length: atOnce }, loop))
  return counts.reduce((a, b) => a + b) / seconds(begun)
}

// With returns, sending ends when all that was sent has come back.
const throughput = (address, returns) => async (time) => {
  const stream = await connect(address)
  const begun = process.hrtime.bigint()
  let sent = 0
  let received = 0
  let whenAllIsBack = null
  const read = (end, cb) => {
    if (end) return cb(end)
    if (seconds(begun) < time) {
      sent += CHUNK.length
      cb(null, CHUNK)
    } else if (returns && received < sent) {
      whenAllIsBack = cb
    } else {
      cb(true)
    }
  }
  await exchange(stream, read, (data) => {
    received += data.length
    if (whenAllIsBack && received === sent) whenAllIsBack(true)
  })
  return sent / MIB / seconds(begun)
}

const main = async () => {
  const measures = {
    handshakes_per_second: handshakes(1),
    handshakes_per_second_32_at_once: handshakes(AT_ONCE),
    one_way_mib_per_second: throughput(config.discard, false),
    echo_mib_per_second: throughput(config.echo, true)
  }
  const measured = {}
  for (const [name, measure] of Object.entries(measures)) {
    // Once before, so that the just-in-time compiler has seen all of it.
    await measure(config.seconds / 2)
    measured[name] = await measure(config.seconds)
  }
  console.log(JSON.stringify(measured))
  process.exit()
}

main().catch((err) => {
  console.error(String(err))
  process.exit(1)
})
