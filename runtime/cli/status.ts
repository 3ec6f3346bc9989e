/** `standby status`: how each process of a running system stands, as a table. */
import type { Command } from 'commander'
import picocolors from 'picocolors'
import { checkedAddresses, formatAddress, readConfigFile, secretIn } from '../process/config.ts'
import type { NodeStatus } from '../process/node-process.ts'
import { duration } from './options.ts'
import { exitCodes } from './remote-client.ts'

interface StatusOptions {
  readonly config?: string
  readonly httpTokenFile?: string
  readonly timeout: number
  readonly json?: true
}

/** What one address said, or why it did not. */
interface Row {
  readonly address: string
  readonly status: NodeStatus | null
  readonly problem: string | null
}

/** Adds the command to the program. */
export function registerStatus(program: Command): void {
  program
    .command('status')
    .argument('[addresses...]', 'where the processes serve HTTP, host:port each (STANDBY_MONITORING)')
    .description('how each process of a running system stands: role, state, view, lag, clock, uptime')
    .option('--config <file>', 'a JSON file whose "monitoring" lists the addresses (STANDBY_CONFIG)')
    .option(
      '--http-token-file <file>',
      'what the requests must carry (STANDBY_HTTP_TOKEN_FILE, STANDBY_HTTP_TOKEN)',
    )
    .option('--timeout <duration>', 'how long to wait for each', duration, 2000)
    .option('--json', 'print what each said, as one JSON array')
    .addHelpText(
      'after',
      '\nEnds with exit code 0 if every process answered and is ready, with 1 if one did not or is not.',
    )
    .action(async (addresses: string[], options: StatusOptions, command: Command) => {
      const { places, token } = asked(addresses, options, command)
      const rows = await Promise.all(places.map((address) => askedOne(address, token, options.timeout)))
      process.stdout.write(
        options.json ? `${JSON.stringify(rows, null, 2)}\n` : `${table(rows).join('\n')}\n`,
      )
      if (rows.some(({ status }) => status?.ready !== true)) process.exitCode = exitCodes.failed
    })
}

function asked(given: readonly string[], options: StatusOptions, command: Command) {
  const { STANDBY_MONITORING, STANDBY_CONFIG, STANDBY_HTTP_TOKEN, STANDBY_HTTP_TOKEN_FILE } = process.env
  try {
    const around = STANDBY_MONITORING?.split(/[\s,]+/).filter((text) => text !== '') ?? []
    const file = options.config ?? STANDBY_CONFIG
    const texts = given.length > 0 ? given : around
    const listed = file === undefined ? [] : readConfigFile(file).monitoring
    const places = checkedAddresses(texts.length > 0 ? texts : (listed ?? []))
    if (places.length === 0)
      command.error(
        'error: expected where to ask, such as 127.0.0.1:9401; give addresses, STANDBY_MONITORING or --config',
      )
    const token = STANDBY_HTTP_TOKEN ?? null
    return {
      places: places.map(formatAddress),
      token:
        secretIn(
          'httpTokenFile',
          options.httpTokenFile ?? (token === null ? STANDBY_HTTP_TOKEN_FILE : undefined),
        ) ?? token,
    }
  } catch (error) {
    return command.error(`error: ${(error as Error).message}`)
  }
}

async function askedOne(address: string, token: string | null, timeoutMs: number): Promise<Row> {
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

const heads = ['node', 'role', 'state', 'view', 'lag', 'queue', 'clock', 'uptime', 'at']
const isNumber = ['view', 'lag', 'queue', 'clock', 'uptime'].map((head) => heads.indexOf(head))

/** The lines of the table; exported for its tests. */
export function table(rows: readonly Row[], colours = picocolors): string[] {
  const primary = newestPrimary(rows)
  const cells = [...rows].sort(byRank).map((row) => ({ row, cells: cellsOf(row, primary) }))
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...cells.map((line) => line.cells[column]!.length)),
  )
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) =>
        isNumber.includes(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd()
  return [
    colours.dim(line(heads)),
    ...cells.map(({ row, cells: texts }) => {
      const text = line(texts)
      if (row.status === null) return colours.red(text)
      if (!row.status.ready) return colours.yellow(text)
      return row.status.role === 'primary' ? colours.bold(text) : text
    }),
  ]
}

function cellsOf({ address, status, problem }: Row, primary: NodeStatus | null): string[] {
  if (status === null) return ['?', 'unreachable', problem ?? '', '', '', '', '', '', address]
  const { node, role, state, view, applied, queue, lamport, uptimeMs, draining, ready } = status
  const isReplica = role === 'backup' && applied !== null && primary?.applied != null
  const lag = isReplica ? String(Math.max(0, primary.applied! - applied)) : '-'
  const standing = draining ? `${state}, leaving` : ready ? state : `${state}, not ready`
  return [
    node,
    role,
    standing,
    String(view.number),
    lag,
    String(queue),
    `L${lamport}`,
    elapsed(uptimeMs),
    address,
  ]
}

function newestPrimary(rows: readonly Row[]): NodeStatus | null {
  const primaries = rows.flatMap(({ status }) => (status?.role === 'primary' ? [status] : []))
  return primaries.sort((a, b) => b.view.number - a.view.number)[0] ?? null
}

const ranks = ['view service', 'primary', 'backup', 'idle', 'replicaDiverged', 'gateway']

function byRank(a: Row, b: Row): number {
  const rank = ({ status }: Row) => (status === null ? ranks.length : ranks.indexOf(status.role))
  return rank(a) - rank(b) || (a.status?.node ?? a.address).localeCompare(b.status?.node ?? b.address)
}

function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ]
  if (days > 0) return `${days}d ${hours}h`
  if (hours > 0) return `${hours}h ${minutes}m`
  return minutes > 0 ? `${minutes}m ${seconds % 60}s` : `${seconds}s`
}
