'use strict'
// The reference over a message channel made of its standard streams: each line is a message.
//
// Argument: {"role": "server" | "client", "address": text, "networkKey": hex, "seed": hex, "length": number}
//   address   of the server, such as "channel" or "channel~shs:KEY"; a server looks at its layers only
//   server    returns every byte, and ends when its peer does
//   client    sends as many bytes as length says, 0 to 250 over and over, ends, and expects them back
// Standard error: one line, "done" or what went wrong.
// It ends when its standard input does.

const { EventEmitter } = require('events')
const readline = require('readline')
const makeChannel = require('multiserver-rn-channel')
const shs = require('multiserver-3/plugins/shs')
const { run } = require('./echo')
const { config } = require('./peer')

const channel = new EventEmitter()
channel.send = (text) => process.stdout.write(text + '\n')
readline.createInterface({ input: process.stdin })
  .on('line', (line) => channel.emit('message', line))
  .on('close', () => process.exit())

const suite = [makeChannel(channel)]
if (config.address.includes('~shs:')) {
  suite.push(shs({
    seed: Buffer.from(config.seed, 'hex'),
    appKey: Buffer.from(config.networkKey, 'hex'),
    authenticate: (key, cb) => cb(null, true)
  }))
}
run(require('multiserver-3')([suite]))
