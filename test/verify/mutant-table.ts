/** The table of broken protocols: which rule each breaks, what catches it, how fast, and with how long a trace. */
import { caught } from '../mutants/catching.ts'
import { mutants } from '../mutants/mutants.ts'

/** The table in Markdown, and the names of mutants that nothing caught. */
export function mutantTable(starts: (name: string) => void): { table: string; survivors: string[] } {
  const survivors: string[] = []
  const rows = mutants.map((mutant) => {
    const { rule, name } = mutant
    starts(name)
    const found = caught(mutant)
    if (found === null) survivors.push(name)
    const { by, steps, states, seconds } = found ?? { by: 'nothing', steps: null, states: null, seconds: 0 }
    return { rule, name, by: shortened(by), steps, states, seconds }
  })
  const order = (rule: string) => 'NVSTC'.indexOf(rule[0]!) * 100 + Number(rule.slice(1))
  rows.sort((a, b) => order(a.rule) - order(b.rule))
  const lines = rows.map(
    ({ rule, name, by, steps, states, seconds }) =>
      `| ${rule} | ${name} | ${by} | ${steps ?? ''} | ${states?.toLocaleString('en-US') ?? ''} | ${seconds < 0.1 ? '< 0.1' : seconds.toFixed(1)} |`,
  )
  const head = [
    '| rule | broken | caught by | steps | states | seconds |',
    '| --- | --- | --- | ---: | ---: | ---: |',
  ]
  return { table: [...head, ...lines].join('\n'), survivors }
}

/** An invariant by its id; of another check what it is about. */
function shortened(by: string): string {
  const [id, rest] = by.split(': ')
  return /^[A-Z]\d+$/.test(id!) || rest === undefined ? id! : `${id}: ${rest}`
}
