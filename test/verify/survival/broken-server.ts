/** A server with broken charts, for launch-tcp.ts: `argv[2]` its configuration as JSON, `argv[3]` the name of the charts. */
import { checkedConfig } from '../../../runtime/serve/config/config.ts'
import { startProcess } from '../../../runtime/serve/run-process.ts'
import { type BrokenChartsName, brokenCharts } from './broken-charts.ts'

const [, , given, name] = process.argv
const running = await startProcess(checkedConfig('server', JSON.parse(given!)), {
  isNew: false,
  charts: brokenCharts[name as BrokenChartsName],
  line: (text) => void process.stderr.write(`${text}\n`),
  onFailure: () => process.exit(1),
})
process.on('SIGTERM', () => void running.drain().then(() => process.exit(0)))
const { node, httpAddress } = running
process.stdout.write(`${JSON.stringify({ ready: true, node: node.id, http: httpAddress })}\n`)
