/** Asking the processes of a running system how they stand: where, with which token, and what each says. */
import type { Command } from 'commander'
import { formatAddress } from '../runtime/serve/config/address.ts'
import { checkedAddresses, readConfigFile } from '../runtime/serve/config/config.ts'
import { secretIn } from '../runtime/serve/config/secrets.ts'
import type { NodeStatus } from '../runtime/serve/node-status.ts'
import { configFlags } from './config-flags.ts'
import { duration } from './options.ts'
import { configOption, optionOf } from './process-options.ts'

/** Where the addresses and the token come from. */
export interface MonitoringFlags {
  readonly config?: string
  readonly httpTokenFile?: string
  readonly timeout: number
}

/** What one address said, or why it did not. */
export interface Answer {
  readonly address: string
  readonly status: NodeStatus | null
  readonly problem: string | null
}

/** Adds `--config`, `--http-token-file` and `--timeout`. */
export function addMonitoringFlags(command: Command): Command {
  const httpToken = configFlags.find(({ field }) => field === 'httpTokenFile')!
  return command
    .addOption(configOption())
    .addOption(optionOf(httpToken))
    .option('--timeout <duration>', 'longest wait for each answer', duration, 2000)
}

/** Where to ask, the nearest source only: arguments, environment, file. A wrong one ends the command. */
export function placesIn(
  given: readonly string[],
  options: MonitoringFlags,
  command: Command,
): { readonly places: readonly string[]; readonly token: string | null } {
  const { STANDBY_MONITORING, STANDBY_HTTP_TOKEN } = process.env
  try {
    const around = STANDBY_MONITORING?.split(/[\s,]+/).filter((text) => text !== '') ?? []
    const file = options.config
    const named = given.length > 0 ? given : around
    const listed = named.length > 0 || file === undefined ? named : readConfigFile(file).monitoring
    const places = checkedAddresses(listed ?? [])
    const isFlag = command.getOptionValueSource('httpTokenFile') === 'cli'
    const tokenFile = isFlag || STANDBY_HTTP_TOKEN === undefined ? options.httpTokenFile : undefined
    const token = secretIn('httpTokenFile', tokenFile) ?? STANDBY_HTTP_TOKEN ?? null
    if (places.length > 0) return { places: places.map(formatAddress), token }
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`)
  }
  return command.error(
    'error: expected where to ask, such as 127.0.0.1:9401; give addresses, STANDBY_MONITORING or --config',
  )
}

/** What each of them says of itself. */
export function askEach(
  places: readonly string[],
  token: string | null,
  timeoutMs: number,
): Promise<readonly Answer[]> {
  return Promise.all(places.map((address) => ask(address, token, timeoutMs)))
}

async function ask(address: string, token: string | null, timeoutMs: number): Promise<Answer> {
  try {
    const response = await fetch(`http://${address}/status`, {
      signal: AbortSignal.timeout(timeoutMs),
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    })
    if (!response.ok) return { address, status: null, problem: `HTTP ${response.status}` }
    return { address, status: (await response.json()) as NodeStatus, problem: null }
  } catch (error) {
    const { name, cause } = error as Error
    const code = (cause as { code?: string } | undefined)?.code
    return { address, status: null, problem: name === 'TimeoutError' ? 'no answer' : (code ?? 'no answer') }
  }
}
