'use strict'
// Bundles browser.js with the reference for a browser; writes the bundle to standard output.

const esbuild = require('esbuild')
const path = require('path')

// What stands in for Node's own modules, as bundlers of the reference's time had it; the others are empty.
const stand = { buffer: 'buffer/', events: 'events/', os: 'os-browserify/browser', url: 'url/', util: 'util/' }
const builtin = new RegExp(`^(${require('module').builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`)
const builtins = {
  name: 'builtins',
  setup (build) {
    build.onResolve({ filter: builtin }, ({ path: name }) =>
      stand[name] ? { path: require.resolve(stand[name]) } : { path: name, namespace: 'empty' })
    build.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {}' }))
  }
}

esbuild.build({
  entryPoints: [path.join(__dirname, 'browser.js')],
  bundle: true,
  define: { global: 'window' },
  inject: [path.join(__dirname, 'globals.mjs')],
  logLevel: 'error',
  nodePaths: [process.env.NODE_PATH],
  plugins: [builtins],
  write: false
}).then(({ outputFiles: [bundle] }) => process.stdout.write(bundle.text), () => process.exit(1))
