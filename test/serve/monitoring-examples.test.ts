/** The alert rules and the dashboard of examples/monitoring: every metric and label in them is one that a process has. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { refusalReasons } from '../../machines/messages.ts'
import { createMetrics } from '../../runtime/serve/metrics/metrics.ts'

const folder = new URL('../../examples/monitoring', import.meta.url).pathname
const rules = (
  parse(readFileSync(join(folder, 'alerts.yml'), 'utf8')) as {
    groups: { rules: { alert: string; expr: string }[] }[]
  }
).groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as {
  panels: { title: string; targets: { expr: string }[] }[]
}

/** What a process serves, with a sample of each label. */
async function served(): Promise<string> {
  const metrics = createMetrics()
  metrics.watchNetwork(() => ({
    sent: 1,
    received: 1,
    lost: { queueFull: 1 } as never,
    refused: { malformed: 1 } as never,
    connections: 1,
    dialed: 1,
    buffered: 1,
    sentBytes: 1,
    receivedBytes: 1,
  }))
  const view = { number: 1, primary: 's1#1', backup: null }
  metrics.watch(() => ({
    node: 's1#1',
    role: 'view service',
    state: 'acknowledged',
    view,
    verdict: 'lost',
    applied: 1,
    queue: 0,
    transfer: null,
    lamport: 1,
    uptimeMs: 1,
    ready: true,
    draining: false,
  }))
  metrics.viewChanged({ number: 0, primary: null, backup: null }, view)
  metrics.operation('get', 'timedOut', 0.1)
  metrics.transferred('sent', 1)
  return (await metrics.read()).text
}

/** Metrics with the labels that an expression names. */
function selectorsIn(
  expression: string,
): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  return [...expression.matchAll(/\b((?:standby|nodejs|process)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, name, labels = '']) => ({
      name: name!,
      labels: [...labels.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
    }),
  )
}

const ofPrometheus = ['job', 'instance']
const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
]

describe('examples/monitoring', () => {
  test.each(expressions)('%s: its metrics and labels exist', async (_, expression) => {
    const text = await served()
    const selectors = selectorsIn(expression)
    expect(selectors.length).toBeGreaterThan(0)
    for (const { name, labels } of selectors) {
      if (name === 'up') continue
      const sample = text.split('\n').find((line) => new RegExp(`^${name}[{ ]`).test(line))
      expect(sample, name).toBeDefined()
      for (const label of labels) if (!ofPrometheus.includes(label)) expect(sample).toContain(`${label}="`)
    }
  })

  test('each refusal and loss that an alert names is one that is counted', () => {
    const reasons = expressions.flatMap(([, expression]) =>
      [...expression.matchAll(/reason="(\w+)"/g)].map(([, reason]) => reason!),
    )
    expect(reasons.length).toBeGreaterThan(1)
    for (const reason of reasons) expect([...refusalReasons, 'queueFull']).toContain(reason)
  })

  test.skipIf(!hasPromtool())('promtool accepts the rules, and its own tests of them pass', () => {
    const run = (...args: string[]) => execFileSync('promtool', args, { cwd: folder, encoding: 'utf8' })

    expect(run('check', 'rules', 'alerts.yml')).toContain(`${rules.length} rules found`)
    expect(run('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS')
  })
})

function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
