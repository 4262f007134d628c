'use strict'
// What idle connections of the reference cost, to be set beside `multiserver bench --idle`.
//
// npm ci && node idle.js [CONNECTIONS] [SUITE]    by default 2000 of net~shs; only on Linux
// Starts server.js, connects to it from this process, and prints the memory of both per connection, in bytes: when all
// are open, and when each has carried 100 kB there and back; then what is left of it in MiB when all are gone.

const { spawn } = require('child_process')
const { readFileSync } = require('fs')
const { createInterface } = require('readline')
const { setTimeout: sleep } = require('timers/promises')

const [count, suite] = [Number(process.argv[2] || 2000), process.argv[3] || 'net~shs']
const [AT_ONCE, CARRIED, SETTLING, LEAVING] = [32, 100000, 1000, 15000]

const side = (seed, more) =>
  JSON.stringify({ version: 3, suites: [suite], networkKey: '00'.repeat(32), seed: seed.repeat(32), ...more })
process.argv[2] = side('11', {})
const { multiserver } = require('./peer')

const resident = (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024

const connect = (ms, address) =>
  new Promise((resolve, reject) => ms.client(address, (err, stream) => (err ? reject(err) : resolve(opened(stream)))))

// A stream that writes what it is given by `send`, and counts what comes.
const opened = (stream) => {
  const state = { received: 0, send: null, waiting: null }
  stream.sink((abort, cb) => { abort ? cb(abort) : (state.send = cb) })
  const read = () => stream.source(null, (end, data) => {
    if (end) return state.ended && state.ended()
    state.received += data.length
    if (state.received >= CARRIED && state.waiting) state.waiting()
    read()
  })
  read()
  return state
}

const carry = async (state) => {
  const back = new Promise((resolve) => { state.waiting = resolve })
  state.send(null, Buffer.alloc(CARRIED, 7))
  await back
  state.waiting = null
}

const leave = async (state) => {
  const gone = new Promise((resolve) => { state.ended = resolve })
  state.send(true)
  await gone
}

// Does something with each, some of them at once.
const all = async (items, work) => {
  const done = []
  const next = items[Symbol.iterator]()
  const worker = async () => { for (const item of next) done.push(await work(item)) }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return done
}

const main = async () => {
  const server = spawn(process.execPath, [`${__dirname}/server.js`, side('22', { allow: 'all', serve: 'echo' })], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const lines = createInterface({ input: server.stdout })
  const address = JSON.parse(await new Promise((resolve) => lines.once('line', resolve))).device
  lines.on('line', () => {})
  const ms = multiserver((_, cb) => cb(null, true))
  const sizes = async (time = SETTLING) => {
    await sleep(time)
    return { server: resident(server.pid), client: resident(process.pid) }
  }

  await all(await all([0], () => connect(ms, address)), async (state) => { await carry(state); await leave(state) })
  const before = await sizes()
  const begun = process.hrtime.bigint()
  const open = await all(Array(count).keys(), () => connect(ms, address))
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9
  const fresh = await sizes()
  await all(open, carry)
  const used = await sizes()
  await all(open, leave)
  open.length = 0
  const gone = await sizes(LEAVING)
  for (const end of ['server', 'client']) {
    const each = (now) => Math.round((now[end] - before[end]) / count)
    const left = ((gone[end] - before[end]) / 2 ** 20).toFixed(1)
    console.log(`${suite} ${end}: ${each(fresh)} B new, ${each(used)} B used, ${left} MiB left`)
  }
  console.log(`${suite} ${count} opened, ${Math.round(count / seconds)} a second`)
  server.stdin.end()
  process.exit()
}

main()
