/** A view service process that is killed before a step of writing its record, and started again. It judges nothing. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer } from '../../actors/server.ts'
import type { View } from '../../machines/view.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'
import { tapped } from '../../runtime/serve/tapped-transport.ts'
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { type createProcesses, freePorts, timing, until } from './processes.ts'

const root = new URL('../..', import.meta.url).pathname
const program = fileURLToPath(new URL('./killed-view-service.ts', import.meta.url))
/** Of the five steps of each save: that of view 1, of view 2, and of the acknowledgement. The first five found the system. */
export const steps = { first: 6, last: 20 }

/** Two servers in this process, a view service in another that dies and comes back; all views that were reported, in order. */
export async function killedAt(
  processes: ReturnType<typeof createProcesses>,
  step: number,
): Promise<{ readonly sentViews: readonly View[]; readonly signal: string | null }> {
  const [port, own] = await freePorts(2)
  const folder = join(processes.folder, `step-${step}`)
  mkdirSync(folder)
  const config = join(folder, 'config.json')
  writeFileSync(
    config,
    JSON.stringify({ listen: `127.0.0.1:${port}`, data: join(folder, 'data'), timing, logLevel: 'error' }),
  )
  const start = (killAt: number, isNew: boolean) => {
    const args = ['--import', 'tsx', program, config, String(killAt), isNew ? 'new' : '']
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    processes.onEnd(() => {
      child.kill('SIGKILL')
      return ended
    })
    return ended
  }

  const sentViews: View[] = []
  const transport = await openTcpTransport({
    directory: { 'view-service': `127.0.0.1:${port}` },
    listen: { port: own! },
  })
  const clock = schedulerClock()
  const servers = ['s1#1', 's2#1'].map((id) =>
    createServer({
      id,
      clock,
      timing,
      transport: tapped(transport, {
        receives({ message }) {
          if (message.type === 'viewReply') sentViews.push(message.view)
          return true
        },
      }),
    }),
  )
  processes.onEnd(async () => {
    for (const server of servers) server.stop()
    await transport.close()
  })

  const signal = await start(step, true)
  const before = sentViews.length
  start(Number.POSITIVE_INFINITY, false)
  await until('view 2 to be reported by the second life', () =>
    sentViews.slice(before).some(({ number }) => number >= 2),
  )
  return { sentViews: [...sentViews], signal }
}
