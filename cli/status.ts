/** `standby status`: the status of each process of a running system as a table, and the verdict on the system. */
import type { Command } from 'commander'
import picocolors from 'picocolors'
import { printable } from '../machines/printable.ts'
import type { NodeStatus } from '../runtime/serve/node-status.ts'
import { type Answer, addMonitoringFlags, askEach, type MonitoringFlags, placesIn } from './monitoring.ts'
import { exitCodes } from './remote-client.ts'

/** Adds the command to the program. */
export function registerStatus(program: Command): void {
  const command = program
    .command('status')
    .argument('[addresses...]', 'where the processes serve HTTP, host:port each (STANDBY_MONITORING)')
    .description(
      'print role, state, view, lag, clock and uptime of each process, and the verdict on the system',
    )
    .option('--json', 'print the answers as one JSON array')
    .addHelpText(
      'after',
      `
The view service's verdict: redundant (any one server may crash), alone (one server holds the state), waiting for s1#1
(nothing is decided until it is back) or lost (no server with the state is left).
Exit code: 0 if every process answered and is ready, and the system decides commands; otherwise 1.`,
    )
  addMonitoringFlags(command).action(
    async (addresses: string[], options: MonitoringFlags & { json?: true }, self: Command) => {
      const { places, token } = placesIn(addresses, options, self)
      const rows = await askEach(places, token, options.timeout)
      process.stdout.write(
        options.json ? `${JSON.stringify(rows, null, 2)}\n` : `${table(rows).join('\n')}\n`,
      )
      const problem = problemIn(rows)
      if (problem === null) return
      process.stderr.write(`standby: ${problem}\n`)
      process.exitCode = exitCodes.failed
    },
  )
}

/** Why the system is not well, in one sentence; null if it is. */
export function problemIn(rows: readonly Answer[]): string | null {
  const verdict =
    rows.find(({ status }) => status !== null && status.verdict !== null)?.status?.verdict ?? null
  if (verdict !== null && verdict !== 'redundant' && verdict !== 'alone') {
    const advice =
      verdict === 'lost' ? ': no server with the state is left; found a new system, restore a dump' : ''
    return `the system is ${verdict}${advice}`
  }
  const silent = rows.filter(({ status }) => status === null).map(({ address }) => address)
  if (silent.length > 0) return `no answer from ${silent.join(', ')}`
  const unready = rows.filter(({ status }) => status?.ready !== true).map(({ status }) => status!.node)
  return unready.length > 0 ? `not ready: ${unready.join(', ')}` : null
}

const heads = ['node', 'role', 'state', 'view', 'lag', 'queue', 'clock', 'uptime', 'at']
const isNumber = ['view', 'lag', 'queue', 'clock', 'uptime'].map((head) => heads.indexOf(head))

/** The lines of the table; exported for its tests. */
export function table(rows: readonly Answer[], colours = picocolors): string[] {
  const primary = newestPrimary(rows)
  const cells = [...rows].sort(byRank).map((row) => ({ row, cells: cellsOf(row, primary).map(printable) }))
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

function cellsOf({ address, status, problem }: Answer, primary: NodeStatus | null): string[] {
  if (status === null) return ['?', 'unreachable', problem ?? '', '', '', '', '', '', address]
  const { node, role, state, view, verdict, applied, queue, lamport, uptimeMs, draining, ready, transfer } =
    status
  const isReplica = role === 'backup' && applied !== null && primary?.applied != null
  const lag = isReplica ? String(Math.max(0, primary.applied! - applied)) : '-'
  const at = transfer?.pieces ? `${state} ${megabytes(transfer.bytes)}` : (verdict ?? state)
  const standing = draining ? `${at}, leaving` : ready ? at : `${at}, not ready`
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

function newestPrimary(rows: readonly Answer[]): NodeStatus | null {
  const primaries = rows.flatMap(({ status }) => (status?.role === 'primary' ? [status] : []))
  return primaries.sort((a, b) => b.view.number - a.view.number)[0] ?? null
}

const ranks = ['view service', 'primary', 'backup', 'idle', 'replicaDiverged', 'gateway']

function byRank(a: Answer, b: Answer): number {
  const rank = ({ status }: Answer) => (status === null ? ranks.length : ranks.indexOf(status.role))
  return rank(a) - rank(b) || (a.status?.node ?? a.address).localeCompare(b.status?.node ?? b.address)
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
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
