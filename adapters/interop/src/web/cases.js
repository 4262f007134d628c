// What the tests let a page do with the package. Each case returns what the test compares, or throws.
import init, { Identity, connect, parseAddress } from './index.js'

export { init }

const MIB = 1024 * 1024

const open = (address, config) => connect(address, {
  identity: Identity.fromSeed(new Uint8Array(config.seed)), networkKey: new Uint8Array(config.networkKey)
})

const bytesOf = (length) => new Uint8Array(length).map((_, index) => index % 251)

// A `Response` would read it all too, but has an error of its own in the place of the stream's.
async function readAll (readable) {
  const pieces = []
  for await (const piece of readable) pieces.push(piece)
  return new Uint8Array(await new Blob(pieces).arrayBuffer())
}

function same (received, sent) {
  if (received.length !== sent.length) throw new Error(`${received.length} bytes came back`)
  if (received.some((byte, index) => byte !== sent[index])) throw new Error('other bytes came back')
  return 'ok'
}

/** The error that this ends with. */
async function errorOf (call) {
  try {
    await call()
  } catch (error) {
    return `${error.name}: ${error.message}`
  }
  throw new Error('there was no error')
}

export const cases = {
  // Sends all bytes, reads them back while they are sent, and ends cleanly both ways.
  async exchange (address, config) {
    if (parseAddress(address).length !== 1) throw new Error('one address has become several')
    const connection = await open(address, config)
    if (!address.includes(connection.peer)) throw new Error(`another peer: ${connection.peer}`)
    const bytes = bytesOf(config.length)
    const send = async () => {
      const writer = connection.writable.getWriter()
      for (let at = 0; at < bytes.length; at += 50_000) await writer.write(bytes.subarray(at, at + 50_000))
      await writer.close()
    }
    const [received] = await Promise.all([readAll(connection.readable), send()])
    return same(received, bytes)
  },

  // Every kind of view and buffer is sent as the bytes that it has.
  async views (address, config) {
    const { readable, writable } = await open(address, config)
    const bytes = bytesOf(64)
    const writer = writable.getWriter()
    await writer.write(bytes.buffer.slice(0, 16))
    await writer.write(new Uint16Array(bytes.buffer, 16, 8))
    await writer.write(new DataView(bytes.buffer, 32, 16))
    await writer.write(bytes.subarray(48))
    await writer.close()
    return same(await readAll(readable), bytes)
  },

  // A text is refused before a byte of it is sent, and ends the connection.
  async text (address, config) {
    const { readable, writable } = await open(address, config)
    const reading = errorOf(() => readable.getReader().read())
    await new Promise((resolve) => setTimeout(resolve))
    const writing = await errorOf(() => writable.getWriter().write('hello'))
    return `${writing};${await reading}`
  },

  // What is not bytes is no key and no address.
  async keys (address, config) {
    const text = 'abcdefghijklmnopqrstuvwxyz012345'
    const networkKey = (networkKey) => errorOf(() => connect(address, { networkKey }))
    const seed = (seed) => errorOf(() => Identity.fromSeed(seed))
    return (await Promise.all([
      seed(text), seed(Array.from(text)), seed(new Uint8Array(31)), networkKey(text), networkKey(null),
      errorOf(() => connect(address, { networkKey: new Uint16Array(16) })), errorOf(() => parseAddress(7)),
      errorOf(() => connect(undefined))
    ])).join(';')
  },

  // Aborts while a read waits.
  async abort (address, config) {
    const { readable, abort } = await open(address, config)
    const reading = errorOf(() => readable.getReader().read())
    await new Promise((resolve) => setTimeout(resolve))
    abort()
    return reading
  },

  // Cancels while a read waits.
  async cancel (address, config) {
    const { readable } = await open(address, config)
    const reader = readable.getReader()
    const reading = reader.read()
    await new Promise((resolve) => setTimeout(resolve))
    await reader.cancel()
    return String((await reading).done)
  },

  // Opens a connection and reads nothing until the server of the second one says so; returns how reading ends.
  async overrun (address, config) {
    const { readable } = await open(address, config)
    const cutOff = await open(address, config)
    await readAll(cutOff.readable)
    return errorOf(() => readAll(readable))
  },

  // Opens a connection and reads nothing until the server of the second one says so; returns how much comes then.
  async slow (address, config) {
    const { readable } = await open(address, config)
    const waits = await open(address, config)
    await readAll(waits.readable)
    return String((await readAll(readable)).length)
  },

  // Writes until nothing is taken for a second, lets the server read by opening a second connection, and writes the rest.
  async pressure (address, config) {
    const { readable, writable } = await open(address, config)
    const writer = writable.getWriter()
    const piece = new Uint8Array(MIB / 4)
    let taken = 0
    let stalledAt
    for (; taken < 64 * MIB; taken += piece.length) {
      const pause = new Promise((resolve) => setTimeout(resolve, 1000, 'stalled'))
      if (stalledAt === undefined && await Promise.race([writer.ready, pause]) === 'stalled') {
        stalledAt = taken
        await open(address, config)
      }
      await writer.ready
      writer.write(piece)
    }
    await writer.close()
    const told = new TextDecoder().decode(await readAll(readable))
    if (told !== String(taken)) throw new Error(`the server read ${told} bytes of ${taken}`)
    return stalledAt < 32 * MIB ? 'ok' : `nothing waited: ${stalledAt}`
  }
}
