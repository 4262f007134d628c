/** Loads the WebAssembly; call it once, before everything else. */
export default function init(module?: unknown): Promise<unknown>

/** A long-term identity. */
export class Identity {
  /** A new identity, from the browser's randomness. */
  constructor()
  /** The identity of a seed of 32 bytes. Throws where it is anything else. */
  static fromSeed(seed: Uint8Array): Identity
  /** The public key in base64, as addresses have it. */
  readonly publicKey: string
  /** The seed of 32 bytes, which is a secret: keep it to be the same peer next time. */
  readonly seed: Uint8Array
}

/** A layer of an address, such as `ws` or `shs`. */
export interface Layer {
  name: string
  fields: string[]
}

/** Reads a multi-address: its addresses, each with its layers. Throws an `Error` that points at what is wrong. */
export function parseAddress(text: string): Layer[][]

export interface ConnectOptions {
  /** Who we are; by default an identity that is made for this connection. */
  identity?: Identity
  /** The network's key, 32 bytes; by default that of the main network of Secure Scuttlebutt. */
  networkKey?: Uint8Array
}

export interface Connection {
  /** The peer's key in base64, which it has proven. */
  readonly peer: string
  /** The peer's address, without secrets. */
  readonly address: string
  /** The names of the layers, such as `ws~shs`. */
  readonly suite: string
  /**
   * The peer's bytes, up to its goodbye; an end without one is an error. Cancelling it ends the connection. A
   * peer that sends more than is read has to wait or, in browsers without `WebSocketStream`, is cut off after 16 MiB.
   */
  readonly readable: ReadableStream<Uint8Array>
  /**
   * Bytes to the peer: a `Uint8Array`, another view or an `ArrayBuffer`; anything else is a `TypeError` and ends the
   * connection. Writing waits while the peer does not read. Closing says goodbye.
   */
  readonly writable: WritableStream<BufferSource>
  /** Ends both directions at once, and reads and writes that wait with an error: the peer sees that it was cut off. */
  abort(): void
}

/**
 * Connects to the peer at a multi-address, over `ws` or `wss`, with `shs` or `noise`. Rejects with an `Error` that says
 * for each address how far it came and what failed.
 */
export function connect(address: string, options?: ConnectOptions): Promise<Connection>
