'use strict'
// The chart of the README: reads what the bench node prints from standard input, and writes SVG to standard output.
//
//   cargo bench -p multiserver-interop --bench node | tee node.txt
//   node adapters/interop/node/chart.js < node.txt > adapters/interop/benches/node.svg

const TITLES = {
  handshakes_per_second: 'handshakes/s',
  handshakes_per_second_32_at_once: 'handshakes/s, 32 at once',
  one_way_mib_per_second: 'one way, MiB/s',
  echo_mib_per_second: 'echo, MiB/s'
}
const LINE = /^(\S+) (\w+): (\d+), Node (\d+), ratio ([\d.]+)$/
const LEFT = 220
const UNIT_WIDTH = 420
const ROW = 40
const BAR = 14

const rows = require('fs').readFileSync(0, 'utf8').split('\n').map((line) => LINE.exec(line)).filter(Boolean)
if (rows.length === 0) throw new Error('standard input has no line of the bench node')
const longest = Math.max(...rows.map((row) => Number(row[5])))

const bar = (y, ratio, color, value) => {
  const width = (UNIT_WIDTH * ratio) / longest
  return `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${color}"/>` +
    `<text x="${(LEFT + width + 6).toFixed(1)}" y="${y + 11}">${value}</text>`
}
const height = ROW * rows.length + 50
console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="760" height="${height}" font-family="sans-serif" font-size="12">`)
console.log(`<rect width="760" height="${height}" fill="#fff"/>`)
console.log(`<rect x="${LEFT}" y="12" width="${BAR}" height="${BAR}" fill="#b7410e"/><text x="${LEFT + 20}" y="23">this program</text>`)
console.log(`<rect x="${LEFT + 130}" y="12" width="${BAR}" height="${BAR}" fill="#999"/><text x="${LEFT + 150}" y="23">Node's multiserver</text>`)
rows.forEach(([, suite, measure, ours, theirs, ratio], index) => {
  const y = 40 + ROW * index
  console.log(`<text x="${LEFT - 8}" y="${y + 18}" text-anchor="end">${suite}, ${TITLES[measure]}</text>`)
  console.log(bar(y, Number(ratio), '#b7410e', `${ours} (${ratio} times)`))
  console.log(bar(y + BAR, 1, '#999', theirs))
})
console.log('</svg>')
