// What the reference takes for global in a browser.
export { Buffer } from 'buffer/'
export { default as process } from 'process/browser'
