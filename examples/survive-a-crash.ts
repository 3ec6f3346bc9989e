/**
 * A value outlives the server that it was written to, twice.
 *
 * Three servers: a primary, a backup, and one standing by. Each crash promotes the backup and appoints the idle server;
 * the new backup is given the state before the next command is answered.
 *
 *     npx tsx examples/survive-a-crash.ts
 */
import { createCluster } from 'standby'
import { waitFor } from 'xstate'

await using cluster = createCluster()
const client = cluster.client()

const roles = () => {
  const { number, primary, backup } = cluster.view()
  return `view ${number}: primary ${primary}, backup ${backup}`
}

await client.put('greeting', 'hello')
await redundant()
console.log(`put greeting = hello     ${roles()}`)

for (const word of [' again', ' and again']) {
  const gone = cluster.primary()!
  gone.crash()
  // Sent to a server that is no more. The client notices, finds the new primary and sends the same request there:
  // the session table sees to it that the append takes effect once.
  await client.append('greeting', word)
  gone.restart()
  await redundant()
  console.log(`${gone.name} crashed, appended     ${roles()}`)
}

console.log(`greeting is "${await client.get('greeting')}"`)

/**
 * Resolves when the next crash can be survived: the view has a backup, and its primary has acknowledged it, which says
 * that the backup holds the state. A primary that dies in between is a stated limit (V4).
 */
function redundant() {
  const { actor } = cluster.viewService
  return waitFor(actor, ({ context, tags }) => tags.has('acknowledged') && context.view.backup !== null)
}
