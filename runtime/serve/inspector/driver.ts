/** What a page may do to a live cluster, where its owner allows it: crash, restart, cut, heal, and call as a client. */
import * as v from 'valibot'
import type { Client } from '../../../actors/client.ts'
import type { Cluster } from '../../../actors/cluster.ts'
import { StandbyError } from '../../../actors/errors.ts'
import type { Faults } from '../../transport/faults.ts'

// biome-ignore lint/suspicious/noExplicitAny: faults are the same for every application
type AnyCluster = Cluster<Client<any, any>> & { readonly network: Faults }

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(200))
const actionSchema = v.variant('kind', [
  v.strictObject({ kind: v.picklist(['crash', 'restart']), node: name }),
  v.strictObject({ kind: v.literal('cut'), from: name, to: name }),
  v.strictObject({ kind: v.literal('partition'), groups: v.pipe(v.array(v.array(name)), v.maxLength(100)) }),
  v.strictObject({ kind: v.literal('heal') }),
  v.strictObject({ kind: v.literal('call'), command: v.unknown() }),
])

/** What a page asks for. */
export type Action = v.InferOutput<typeof actionSchema>

export interface Driver {
  /** The names of the servers. */
  readonly servers: readonly string[]
  /** Does it, or rejects with what is wrong. */
  carryOut(action: unknown): Promise<void>
}

/** The name of the client in whose name a page calls. */
export const pageClientName = 'page'

/** A driver of this cluster. Calls are made by a client of its own, which starts with the first of them. `onFault`: before each fault. */
export function createDriver(cluster: AnyCluster, onFault: () => void = () => {}): Driver {
  // biome-ignore lint/suspicious/noExplicitAny: the commands are the application's own
  let client: Client<any, any> | null = null
  return {
    servers: cluster.servers.map(({ name: server }) => server),
    async carryOut(given) {
      const { success, output: action, issues } = v.safeParse(actionSchema, given)
      if (!success) {
        const where = v.getDotPath(issues[0])
        const what = `${where === null ? '' : `${where}: `}${issues[0].message}`
        throw new StandbyError('invalidOption', `expected something that can be done to a cluster: ${what}`)
      }
      if (action.kind !== 'call') onFault()
      switch (action.kind) {
        case 'crash':
          cluster.server(action.node).crash()
          break
        case 'restart':
          cluster.server(action.node).restart()
          break
        case 'cut':
          cluster.network.cut(action.from, action.to)
          break
        case 'partition':
          cluster.network.partition(...action.groups)
          break
        case 'heal':
          cluster.network.heal()
          break
        case 'call':
          client ??= cluster.client({ name: pageClientName })
          await client.execute(action.command)
      }
    },
  }
}
