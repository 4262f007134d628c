'use strict'
// Waits until the title of the page that Chromium shows is `done`, keeps a screenshot, and prints the text of the page.
//
// Arguments: the directory of the browser's profile, the file of the screenshot (PNG)

const fs = require('fs')
const path = require('path')
const WebSocket = require('ws')

const [profile, screenshot] = process.argv.slice(2)
const pause = () => new Promise((resolve) => setTimeout(resolve, 50))
setTimeout(() => {
  console.error('the page was not done within a minute')
  process.exit(1)
}, 60_000).unref()

// Chromium writes the port and the path of its DevTools into its profile.
async function endpoint () {
  for (;;) {
    const file = path.join(profile, 'DevToolsActivePort')
    const [port, name] = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : []
    if (name) return `ws://127.0.0.1:${port}${name}`
    await pause()
  }
}

async function main () {
  const socket = new WebSocket(await endpoint())
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
  let page
  while (!page) {
    const { targetInfos } = await call('Target.getTargets', {})
    page = targetInfos.find(({ type }) => type === 'page')
    if (!page) await pause()
  }
  sessionId = (await call('Target.attachToTarget', { targetId: page.targetId, flatten: true })).sessionId
  // Asked again and again, since a page that is still loading forgets what it was asked.
  for (let title; title !== 'done';) {
    await pause()
    title = (await call('Runtime.evaluate', { expression: 'document.title' })).result?.value
  }
  const { data } = await call('Page.captureScreenshot', {})
  fs.mkdirSync(path.dirname(screenshot), { recursive: true })
  fs.writeFileSync(screenshot, Buffer.from(data, 'base64'))
  const { result } = await call('Runtime.evaluate', { expression: 'document.body.innerText' })
  console.log(result.value)
}

main().then(() => process.exit(0), (error) => {
  console.error(error)
  process.exit(1)
})
