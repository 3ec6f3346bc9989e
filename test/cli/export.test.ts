/** `standby export` within this process: what it writes, and what it says of a wrong trace or a wrong choice. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, describe, expect, test } from 'vitest'
import { registerExport } from '../../cli/export.ts'
import { readShiviz } from '../inspector/shiviz.ts'
import { failover, textOf } from '../inspector/traces.ts'

const folder = mkdtempSync(join(tmpdir(), 'standby-export-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const trace = join(folder, 'run.jsonl')
writeFileSync(trace, textOf(failover().observations))

/** Runs the command; what it complains about. */
function exported(...args: string[]): string {
  let errors = ''
  const program = new Command('standby')
    .exitOverride()
    .configureOutput({ writeErr: (text) => (errors += text) })
  registerExport(program)
  try {
    program.parse(['export', ...args], { from: 'user' })
  } catch (error) {
    return errors || String(error)
  }
  return errors
}

describe('standby export', () => {
  test('the name of the file says which format is meant', () => {
    const log = join(folder, 'run.shiviz.log')
    expect(exported(trace, '-o', log)).toBe('')
    expect(readShiviz(readFileSync(log, 'utf8')).length).toBeGreaterThan(100)
    const itf = join(folder, 'run.itf.json')
    expect(exported(trace, '-o', itf, '--from', '10')).toBe('')
    expect(JSON.parse(readFileSync(itf, 'utf8'))['#meta'].format).toBe('ITF')
    const chart = join(folder, 'server.chart.mmd')
    expect(exported(trace, '-o', chart, '--machine', 'server')).toBe('')
    expect(readFileSync(chart, 'utf8')).toMatch(/^stateDiagram-v2/)
  })

  test.each([
    ['no format', [trace], /expected a format, got none; say --as html\|/],
    ['another format', [trace, '--as', 'png'], /Allowed choices are html/],
    ['no such file', [join(folder, 'none.jsonl'), '--as', 'svg'], /ENOENT.*none.jsonl/],
    ['a file that is no trace', [import.meta.filename, '--as', 'svg'], /line 1: expected a header/],
    ['several charts', [trace, '--as', 'statechart'], /got none; the trace has viewService, server, client/],
    ['steps that are not there', [trace, '--as', 'svg', '--from', '999999'], /expected steps between 0 and/],
    ['a step that is no number', [trace, '--as', 'vitest', '--step', 'x'], /Expected a whole number/],
  ])('%s: says what to do', (_, args, message) => {
    expect(exported(...args)).toMatch(message)
  })

  test('a trace that was cut short is refused, and taken with --partial', () => {
    const cut = join(folder, 'cut.jsonl')
    writeFileSync(cut, readFileSync(trace, 'utf8').slice(0, 50_000))
    const out = join(folder, 'cut.svg')
    expect(exported(cut, '-o', out)).toMatch(/--partial takes what is there/)
    expect(exported(cut, '-o', out, '--partial')).toBe('')
    expect(readFileSync(out, 'utf8')).toContain('</svg>')
  })
})
