// Multi-protocol addresses and the secret handshake in a web page.
import init, { Identity, dial, parseAddress } from './multiserver_web.js'

export { init as default, Identity, parseAddress }

/** Connects to the peer at a multi-address, as a pair of WHATWG streams. */
export async function connect (address, { identity = new Identity(), networkKey } = {}) {
  const pipe = await dial(address, identity, networkKey)
  const { peer, suite } = pipe
  const shown = pipe.address
  let open = 2
  // With both directions over, the WebSocket is closed.
  const ended = () => { if (--open === 0) pipe.abort() }
  const readable = new ReadableStream({
    type: 'bytes',
    async pull (controller) {
      const bytes = await pipe.read()
      if (bytes) return controller.enqueue(bytes)
      ended()
      controller.close()
      controller.byobRequest?.respond(0)
    },
    cancel: () => pipe.abort()
  }, { highWaterMark: 0 })
  const writable = new WritableStream({
    write: (bytes) => pipe.write(bytes),
    close: async () => {
      await pipe.close()
      ended()
    },
    abort: () => pipe.abort()
  }, new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 }))
  return { peer, address: shown, suite, readable, writable, abort: () => pipe.abort() }
}
