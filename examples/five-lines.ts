/**
 * The least there is: a cluster, a client, three commands.
 *
 *     npx tsx examples/five-lines.ts
 */
import { createCluster } from 'standby'

await using cluster = createCluster()
const client = cluster.client()
await client.put('greeting', 'hello')
await client.append('greeting', ' again')
console.log(await client.get('greeting')) // hello again
