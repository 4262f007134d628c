'use strict'
// Opens a page in Chromium, waits until its title is `done`, keeps a screenshot, and prints the text that the page shows.
//
// Arguments: the page's URL, a directory for the browser's profile, the file of the screenshot (PNG)

const { spawn } = require('child_process')
const fs = require('fs')
const path = require('path')
const WebSocket = require('ws')

const [url, profile, screenshot] = process.argv.slice(2)
const browser = spawn('chromium', [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--remote-debugging-port=0',
  '--window-size=900,760', `--user-data-dir=${profile}`, 'about:blank'
], { stdio: ['ignore', 'ignore', 'pipe'] })
setTimeout(() => {
  console.error('the page was not done within a minute')
  process.exit(1)
}, 60_000).unref()
process.on('exit', () => browser.kill('SIGKILL'))
browser.on('error', () => {
  console.error('this test needs Chromium. Debian: `sudo apt-get install chromium`; others: https://www.chromium.org')
  process.exit(1)
})

// The browser says on standard error where it can be driven.
let said = ''
browser.stderr.on('data', (data) => {
  said += data
  const found = said.match(/DevTools listening on (ws:\S+)/)
  if (!found) return
  browser.stderr.removeAllListeners('data').resume()
  drive(found[1]).then(() => process.exit(0), (error) => {
    console.error(error)
    process.exit(1)
  })
})

async function drive (endpoint) {
  const socket = new WebSocket(endpoint)
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))
  let [id, sessionId] = [0]
  const waiting = new Map()
  socket.on('message', (text) => {
    const { id, result, error } = JSON.parse(text)
    if (waiting.has(id)) waiting.get(id)(error || result)
  })
  const call = (method, params) => new Promise((resolve) => {
    waiting.set(++id, resolve)
    socket.send(JSON.stringify({ id, method, params, sessionId }))
  })
  const { targetId } = await call('Target.createTarget', { url })
  sessionId = (await call('Target.attachToTarget', { targetId, flatten: true })).sessionId
  // Asked again and again, since a page that is still loading forgets what it was asked.
  for (let title; title !== 'done';) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    title = (await call('Runtime.evaluate', { expression: 'document.title' })).result?.value
  }
  const { data } = await call('Page.captureScreenshot', {})
  fs.mkdirSync(path.dirname(screenshot), { recursive: true })
  fs.writeFileSync(screenshot, Buffer.from(data, 'base64'))
  const { result } = await call('Runtime.evaluate', { expression: 'document.body.innerText' })
  console.log(result.value)
}
