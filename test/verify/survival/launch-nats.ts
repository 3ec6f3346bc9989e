/** A system whose processes meet at a NATS server. It has no links to cut: what fails is the server itself. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { createProcesses } from '../../process/processes.ts'
import { served, timing } from '../../process/processes.ts'
import { type Launcher, viewServiceName } from './system.ts'

const program = new URL('./nats-process.ts', import.meta.url).pathname

/** The launcher of a view service and servers that know the server of NATS at `url`. */
export function natsLauncher(
  { folder, run }: ReturnType<typeof createProcesses>,
  servers: readonly string[],
  url: string,
): Launcher {
  return {
    names: [viewServiceName, ...servers],
    start(name, isFirst) {
      const config = join(folder, `${name}.json`)
      writeFileSync(
        config,
        // The address of the view service is asked for, and not used.
        JSON.stringify({
          name,
          data: join(folder, name),
          timing,
          logFormat: 'json',
          ...(name !== viewServiceName && { peers: { [viewServiceName]: '127.0.0.1:1' } }),
        }),
      )
      const isNew = name === viewServiceName && isFirst
      return served(name, run([config, url, isNew ? 'new' : ''], { program }))
    },
    cut() {},
    cutReplies() {},
  }
}
