// Multi-protocol addresses and the secret handshake in a web page.
import init, { Identity, dial, parseAddress } from './multiserver_web.js'

export { init as default, Identity, parseAddress }

/** Connects to the peer at a multi-address, as a pair of WHATWG streams. */
export async function connect (address, { identity = new Identity(), networkKey } = {}) {
  const pipe = await dial(address, identity, networkKey)
  const { peer, suite } = pipe
  const shown = pipe.address
  const abort = () => pipe.abort()
  let open = 2
  // With both directions over, the WebSocket is closed.
  const ended = () => { if (--open === 0) abort() }
  const readable = new ReadableStream({
    type: 'bytes',
    async pull (controller) {
      const bytes = await pipe.read()
      if (bytes) return controller.enqueue(bytes)
      ended()
      controller.close()
      controller.byobRequest?.respond(0)
    },
    cancel: abort
  }, { highWaterMark: 0 })
  const writable = new WritableStream({
    async write (chunk) {
      const bytes = bytesOf(chunk)
      if (!bytes) {
        // The stream can do no more after an error, not even say goodbye.
        abort()
        throw new TypeError('only bytes can be written: a Uint8Array, another view or an ArrayBuffer')
      }
      await pipe.write(bytes)
    },
    async close () {
      await pipe.close()
      ended()
    },
    abort
  }, { highWaterMark: 64 * 1024, size: (chunk) => bytesOf(chunk)?.byteLength ?? 0 })
  return { peer, address: shown, suite, readable, writable, abort }
}

/** The bytes of a view or a buffer; undefined for anything else. */
function bytesOf (chunk) {
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk)
}
