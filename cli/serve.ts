/** `standby serve`: one process of a system, until it is stopped. */
import { Argument, type Command } from 'commander'
import { loadApplication } from '../runtime/serve/config/application.ts'
import { checkedConfig, type ProcessConfig, type ProcessRole, roles } from '../runtime/serve/config/config.ts'
import { checkInstalled } from '../runtime/serve/network.ts'
import { addProcessFlags, flagsOf, gatheredConfig, type ProcessFlags } from './process-options.ts'

interface ServeOptions extends ProcessFlags {
  readonly newSystem?: true
  readonly checkConfig?: true
}

/** Past the bound of an orderly leave, this much more is given before it is cut short. */
const lastGraceMs = 5000

/** Adds the command to the program. */
export function registerServe(program: Command): void {
  const command = program
    .command('serve')
    .addArgument(new Argument('<role>', 'what this process is').choices(roles))
    .description('run one process of a system: its view service, a server, or a gateway for HTTP')
  addProcessFlags(command)
    .option('--new-system', 'the very first start of the view service of a new system')
    .option('--check-config', 'say whether it could start, and start nothing')
    .addHelpText(
      'after',
      `
On one machine, each in a terminal of its own:
  standby serve view-service --listen 127.0.0.1:7400 --data data/view-service --new-system
  standby serve server --name s1 --listen 127.0.0.1:7401 --data data/s1 \\
    --peer view-service=127.0.0.1:7400 --peer s2=127.0.0.1:7402

Says "ready" on standard output when it listens; the log goes to standard error.
SIGTERM or SIGINT: it takes on nothing new, ends what is under way, and leaves with exit code 0.
A wrong option ends with 2, anything else that keeps it from running with 1.`,
    )
    .action(async (role: ProcessRole, options: ServeOptions, self: Command) => {
      const config = configOf(role, options, self)
      if (options.checkConfig) {
        const checks = Promise.all([checkInstalled(config), loadApplication(config.application)])
        await checks.catch((error: Error) => self.error(`error: ${error.message}`))
        process.stdout.write(`${role} ${config.name}: the configuration can be started\n`)
      } else await serve(config, options.newSystem === true)
    })
}

function configOf(role: ProcessRole, options: ServeOptions, command: Command): ProcessConfig {
  if (options.newSystem && role !== 'view-service')
    command.error(`error: option '--new-system' is for a view service, got ${role}; leave it out`)
  try {
    return checkedConfig(role, gatheredConfig(flagsOf(command), process.env))
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`)
  }
}

async function serve(config: ProcessConfig, isNew: boolean): Promise<void> {
  const { startProcess } = await import('../runtime/serve/run-process.ts')
  // A closed log output must not end the system.
  process.stderr.on('error', () => {})
  process.stdout.on('error', () => {})
  const line = (text: string, onLost = () => {}) =>
    void process.stderr.write(`${text}\n`, (error) => error && onLost())
  const fail = (error: Error) => {
    line(`standby: ${error.message}`)
    process.exit(1)
  }
  process.on('uncaughtException', fail)

  let isLeaving = false
  let leave: (() => Promise<void>) | null = null
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isLeaving) {
        if (signal === 'SIGINT') process.exit(130)
        return
      }
      isLeaving = true
      setTimeout(() => process.exit(1), config.drainMs + lastGraceMs).unref()
      if (leave === null) process.exit(0)
      leave().then(() => process.exit(0), fail)
    })
  }
  process.on('SIGHUP', () => {})

  const running = await startProcess(config, { isNew, line, onFailure: () => process.exit(1) }).catch(
    (error: Error) => fail(error),
  )
  if (running === undefined) return
  leave = running.drain
  const { node, address, httpAddress } = running
  const places = [address && `listens on ${address}`, httpAddress && `http on ${httpAddress}`]
  const ready =
    config.logFormat === 'json'
      ? JSON.stringify({ ready: true, role: config.role, node: node.id, address, http: httpAddress })
      : `ready: ${config.role} ${node.id} ${places.filter(Boolean).join(', ')}`
  process.stdout.write(`${ready}\n`)
}
