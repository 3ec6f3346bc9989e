/** `standby watch-views`: each new view of a running system, as it comes. */
import type { Command } from 'commander'
import type { Envelope } from '../actors/ports.ts'
import { defaultViewServiceId } from '../actors/view-service.ts'
import { type Clock, receive, tick, zeroClock } from '../machines/clocks.ts'
import type { View } from '../machines/view.ts'
import { duration } from './options.ts'
import { addNetworkFlags, type NetworkFlags } from './process-options.ts'
import { exitCodes, openRemote } from './remote-client.ts'

interface WatchOptions extends NetworkFlags {
  readonly every: number
  readonly for?: number
  readonly json?: true
}

/** Adds the command to the program. */
export function registerWatchViews(program: Command): void {
  const command = program
    .command('watch-views')
    .description('print the current view of a running system and each later one')
    .option('--every <duration>', 'how often to ask', duration, 200)
    .option('--for <duration>', 'end after this long', duration)
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExit code: 0, or 1 if no view service answered.')
  addNetworkFlags(command).action(async (options: WatchOptions, self: Command) => {
    const { transport, id } = await openRemote(self)
    let clock: Clock = zeroClock
    let newest = -1
    transport.attach(id, ({ from, message, stamp }: Envelope) => {
      clock = receive(clock, id, stamp)
      if (from !== defaultViewServiceId || message.type !== 'viewReply' || message.view.number <= newest)
        return
      newest = message.view.number
      process.stdout.write(`${options.json ? viewJson(message.view) : viewText(message.view)}\n`)
    })
    const ask = () => {
      clock = tick(clock, id)
      transport.send({ from: id, to: defaultViewServiceId, message: { type: 'getView' }, stamp: clock })
    }
    ask()
    const asking = setInterval(ask, options.every)
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
      if (options.for !== undefined) setTimeout(resolve, options.for)
    })
    clearInterval(asking)
    await transport.close()
    if (newest >= 0) return
    process.stderr.write(
      'standby: expected a view service that answers, got no answer; see --peer view-service=...\n',
    )
    process.exitCode = exitCodes.failed
  })
}

function viewJson({ number, primary, backup }: View): string {
  return JSON.stringify({ time: new Date().toISOString(), number, primary, backup })
}

function viewText({ number, primary, backup }: View): string {
  const time = new Date().toISOString().slice(11, 23)
  if (primary === null) return `${time}  view ${number}: no server has offered itself yet`
  return `${time}  view ${number}: primary ${primary}, ${backup === null ? 'no backup' : `backup ${backup}`}`
}
