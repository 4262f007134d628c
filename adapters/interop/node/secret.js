'use strict'
// The secret files of npm ssb-keys.
//
// Arguments: "load" or "create", and the file's path.
// Standard output: the keys in the file as one line of JSON, once a signature made with them has been verified.

const assert = require('assert')
const keys = require('ssb-keys')

const [what, path] = process.argv.slice(2)
const pair = what === 'create' ? keys.createSync(path) : keys.loadSync(path)
assert(keys.verifyObj({ public: pair.public, curve: pair.curve }, keys.signObj(pair, { any: 'thing' })))
console.log(JSON.stringify(pair))
