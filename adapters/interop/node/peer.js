'use strict'
// What the server and the client of these tests have in common.

const SECRET_HANDSHAKE_TIMEOUT = 20000

// The one JSON object that a peer is configured with: its only argument.
const config = JSON.parse(process.argv[2])

// The reference of config.version with one suite, net~shs.
// The text '0' lets the system choose the port: both versions take the number 0 for "no port given".
exports.multiserver = (authenticate) => {
  const name = `multiserver-${config.version}`
  const net = require(`${name}/plugins/net`)
  const shs = require(`${name}/plugins/shs`)
  return require(name)([
    [
      net({ scope: 'public', host: '127.0.0.1', port: '0' }),
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
