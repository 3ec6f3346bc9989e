/** The world of the process that serves this page: opened when it is sent, kept up to date, driven by asking. */
import { type AskWorld, RemoteWorld } from '../../../proof/stage/remote-world.ts'
import type { WorldMessage } from '../../../proof/stage/shared-world.ts'
import { openWorld } from './session.ts'

let remote: RemoteWorld | null = null
/** Tells the pages of one world apart. On a site without https there is no `randomUUID`. */
const page = crypto.getRandomValues(new Uint32Array(4)).join('-')

/** Takes what the serving process sends of its world. */
export function takeWorld(message: WorldMessage, ask: AskWorld): void {
  if (message.kind === 'world') {
    remote = new RemoteWorld(message, page, ask)
    openWorld(remote, 'explored')
  } else remote?.take(message)
}
