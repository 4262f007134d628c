// What TypeScript makes of the package's types: compiled by a test, never run.
import init, { Identity, connect, parseAddress, type Connection, type Layer } from './index.js'

export async function use (): Promise<Uint8Array[]> {
  await init()
  const identity = new Identity()
  const same: Identity = Identity.fromSeed(identity.seed)
  const key: string = same.publicKey
  const layers: Layer[][] = parseAddress(`ws://example.org~shs:${key}`)
  const names: string[] = layers.flat().map(({ name, fields }) => `${name}:${fields.join(':')}`)
  const connection: Connection = await connect(names.join(';'), { identity, networkKey: new Uint8Array(32) })
  const writer = connection.writable.getWriter()
  await writer.write(new Uint8Array(1))
  await writer.write(new DataView(new ArrayBuffer(1)))
  await writer.write(new ArrayBuffer(1))
  await writer.close()
  const { value, done } = await connection.readable.getReader().read()
  connection.abort()
  const told: string[] = [connection.peer, connection.address, connection.suite]
  return done || told.length === 0 ? [] : [value]
}

// A byte stream can be piped through the connection.
export async function pipe (source: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<ReadableStream<Uint8Array>> {
  return source.pipeThrough(await connect('ws://example.org~noise'))
}

export async function mistakes (connection: Connection): Promise<void> {
  // @ts-expect-error A text is no seed.
  Identity.fromSeed('abcdefghijklmnopqrstuvwxyz012345')
  // @ts-expect-error A text is no network key.
  await connect('ws://example.org', { networkKey: 'abcdefghijklmnopqrstuvwxyz012345' })
  // @ts-expect-error A text is not bytes.
  await connection.writable.getWriter().write('hello')
  // @ts-expect-error The peer's key is what the peer has proven.
  connection.peer = ''
}
