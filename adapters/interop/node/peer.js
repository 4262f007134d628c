'use strict'
// What the server and the client of these tests have in common.

const SECRET_HANDSHAKE_TIMEOUT = 20000

// The one JSON object that a peer is configured with: its only argument.
const config = JSON.parse(process.argv[2])

// The plug-in of each transport. The text '0' lets the system choose the port: the number 0 means "no port given".
const place = { scope: 'public', host: '127.0.0.1', port: '0' }
const transports = {
  net: (name) => require(`${name}/plugins/net`)(place),
  ws: (name) => require(`${name}/plugins/ws`)({ ...place }),
  wss: (name) => {
    if (!config.certificate) return transports.ws(name)
    const tls = { cert: Buffer.from(config.certificate.chain), key: Buffer.from(config.certificate.key) }
    // Version 1 takes a server that listens already, and version 3 a certificate too.
    if (config.version !== 1) return require(`${name}/plugins/ws`)({ ...place, ...tls })
    return require(`${name}/plugins/ws`)({ ...place, server: require('https').createServer(tls).listen(0) })
  }
}

// The reference of config.version with one suite: config.transport and shs.
exports.multiserver = (authenticate) => {
  const name = `multiserver-${config.version}`
  const shs = require(`${name}/plugins/shs`)
  return require(name)([
    [
      transports[config.transport](name),
      shs({
        seed: Buffer.from(config.seed, 'hex'),
        appKey: Buffer.from(config.networkKey, 'hex'),
        timeout: SECRET_HANDSHAKE_TIMEOUT,
        authenticate
      })
    ]
  ])
}

// What a pull-stream ended with, for people: null is a clean end.
exports.reason = (end) => (end === true || !end ? null : String(end.message || end))

exports.config = config
