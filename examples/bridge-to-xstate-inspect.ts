/**
 * A replicated system shown by receivers of `@xstate/inspect`, the inspector of XState 4: each node is a service of theirs.
 *
 * `standby-bridge` brings XState 4 along, apart from this application's XState 5. A late receiver gets what it missed.
 *
 *     npx tsx examples/bridge-to-xstate-inspect.ts
 */
import { createCluster, createTrace } from 'standby'
import { connectReceiver, serveBridge } from 'standby-bridge'

const bridge = await serveBridge({ port: 0 })
const trace = createTrace({ write: bridge.line })
const cluster = createCluster({ observe: trace.observe })
await cluster.client().put('greeting', 'hello')

// Any page with `createWebSocketReceiver({ server: '127.0.0.1:PORT' })` could stand here.
const services = new Map<string, string>()
const receiver = connectReceiver(`127.0.0.1:${bridge.port}`)
await new Promise<void>((resolve) => {
  receiver.subscribe((event) => {
    if (event.type === 'service.register') services.set(event.id, event.machine.id)
    if (event.type === 'service.state') resolve()
  })
})
for (const [id, machine] of services) console.log(`${id} is a ${machine}`)

await cluster.stop()
bridge.close()
process.exit()
