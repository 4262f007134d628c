'use strict'
// What the server and the client of these tests have in common.

const SECRET_HANDSHAKE_TIMEOUT = 20000

// The one JSON object that a peer is configured with: its only argument.
const config = JSON.parse(process.argv[2])

// The plug-in of each transport. Its port is the number of its suite, from 1, which server.js looks up.
const transports = {
  net: (name, place) => require(`${name}/plugins/net`)({ ...place, external: config.external || undefined }),
  ws: (name, place) => require(`${name}/plugins/ws`)(place),
  wss: (name, place) => {
    if (!config.certificate) return transports.ws(name, place)
    const tls = { cert: Buffer.from(config.certificate.chain), key: Buffer.from(config.certificate.key) }
    // Version 1 takes a server that listens already, and version 3 a certificate too.
    if (config.version !== 1) return require(`${name}/plugins/ws`)({ ...place, ...tls })
    return require(`${name}/plugins/ws`)({ ...place, server: require('https').createServer(tls).listen(0) })
  }
}

// The reference of config.version with the suites of config.suites.
exports.multiserver = (authenticate) => {
  const name = `multiserver-${config.version}`
  const shs = require(`${name}/plugins/shs`)({
    seed: Buffer.from(config.seed, 'hex'),
    appKey: Buffer.from(config.networkKey, 'hex'),
    timeout: SECRET_HANDSHAKE_TIMEOUT,
    authenticate
  })
  const noauth = require(`${name}/plugins/noauth`)({ keys: { publicKey: shs.publicKey } })
  // Version 1 knows one scope for each suite.
  const scope = !config.external ? 'device' : config.version === 1 ? 'public' : ['device', 'public']
  const suite = (layers, index) => {
    const [transport, transform] = layers.split('~')
    const place = { scope, host: '127.0.0.1', port: index + 1 }
    return [transports[transport](name, place), { shs, noauth }[transform]]
  }
  return require(name)(config.suites.map(suite))
}

// What a pull-stream ended with, for people: null is a clean end.
exports.reason = (end) => (end === true || !end ? null : String(end.message || end))

exports.config = config
