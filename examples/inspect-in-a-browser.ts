/**
 * An XState 5 app in a browser, shown by the inspector that is served beside it: by `standbyInspector`, and by Stately's own
 * `@statelyai/inspect`, whose inspector page ours stands in for. Neither asks anything outside this machine.
 *
 *     npx tsx examples/inspect-in-a-browser.ts
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'

const app = `
import { createBrowserInspector } from '@statelyai/inspect'
import { standbyInspector } from 'standby/inspector'
import { createActor, createMachine } from 'xstate'

const light = createMachine({
  id: 'light',
  initial: 'red',
  states: {
    red: { after: { 3000: 'green' }, on: { hurry: 'green' } },
    green: { after: { 3000: 'amber' } },
    amber: { after: { 1000: 'red' } },
  },
})
const url = '/inspector.html'
const ways = {
  standby: () => standbyInspector({ to: url }),
  // It keeps 200 messages for a page that is still loading, and without \`serialize\` sometimes loses one.
  stately: () =>
    createBrowserInspector({
      url,
      maxDeferredEvents: 10_000,
      serialize: ({ snapshot, ...event }) =>
        event.type === '@xstate.actor' ? event : JSON.parse(JSON.stringify({ ...event, snapshot })),
    }).inspect,
}
for (const button of document.querySelectorAll('button')) {
  button.onclick = () => createActor(light, { inspect: ways[button.id]() }).start()
}`

const { outputFiles } = await build({
  stdin: { contents: app, resolveDir: import.meta.dirname },
  bundle: true,
  write: false,
  format: 'iife',
})
const script = outputFiles[0]!.text.replaceAll('</script', '<\\/script')
const page = `<!doctype html><title>A light</title>
<button id="standby">watch with standbyInspector</button>
<button id="stately">watch with @statelyai/inspect</button>
<script>${script}</script>`

const server = createServer((request, response) => {
  const isInspector = request.url === '/inspector.html'
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(isInspector ? readFileSync(`${import.meta.dirname}/../inspector.html`) : page)
})
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.on('SIGTERM', () => server.close())
