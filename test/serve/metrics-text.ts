/** The text format of Prometheus, as far as its own linter looks at it: one parser for the tests. It asserts nothing. */

/** The value of one sample, named as it stands in the text; null where it is not there. */
export function sampleOf(text: string, sample: string): number | null {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `))
  return line === undefined ? null : Number(line.slice(sample.length + 1))
}

interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: { readonly name: string; readonly labels: string; readonly value: number }[]
}

/**
 * What is wrong with a text of metrics: its syntax, for all; names, units and helps, for those that are ours. After the
 * rules of `promtool check metrics` and of the exposition format.
 */
export function metricProblems(text: string): string[] {
  const problems: string[] = []
  const families = new Map<string, Family>()
  let family: Family | null = null
  let help: RegExpExecArray | null = null
  if (!text.endsWith('\n')) problems.push('the last line has no line feed')
  for (const line of text.split('\n')) {
    if (line === '') continue
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (line.startsWith('# HELP ')) {
      help = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/.exec(line)
      if (help === null) problems.push(`no help in: ${line}`)
    } else if (type !== null) {
      const [, name, kind] = type as unknown as [string, string, string]
      if (help?.[1] !== name) problems.push(`${name} has a type without a help before it`)
      if (families.has(name)) problems.push(`${name} is there twice`)
      family = { name, type: kind, help: help?.[2] ?? '', samples: [] }
      families.set(name, family)
    } else if (sample !== null && family !== null) {
      const [, name, labels = '', value] = sample as unknown as [string, string, string | undefined, string]
      const ending = family.type === 'histogram' ? '(_bucket|_sum|_count)' : ''
      if (!new RegExp(`^${family.name}${ending}$`).test(name))
        problems.push(`${name} stands among the samples of ${family.name}`)
      if (labels !== '' && !/^([a-zA-Z_]\w*="([^"\\\n]|\\[\\"n])*",?)+$/.test(labels))
        problems.push(`labels: ${line}`)
      if (Number.isNaN(Number(value)) && !/^(nan|[+-]inf)$/i.test(value)) problems.push(`value: ${line}`)
      family.samples.push({ name, labels, value: Number(value) })
    } else problems.push(`neither a comment nor a sample: ${line}`)
  }
  for (const one of families.values()) problems.push(...problemsOf(one))
  return problems
}

function problemsOf({ name, type, help, samples }: Family): string[] {
  const problems: string[] = []
  const series = samples.map((sample) => `${sample.name}{${sample.labels}}`)
  if (new Set(series).size !== series.length) problems.push(`${name} has a series twice`)
  if (!name.startsWith('standby_')) return problems
  if ((type === 'counter') !== name.endsWith('_total')) problems.push(`${name} is a ${type}`)
  if (/_(ms|milliseconds|minutes|kb|mb|kilobytes|megabytes|percent)(_|$)/.test(name))
    problems.push(`${name} is not in a base unit`)
  if (name !== name.toLowerCase()) problems.push(`${name} has capitals`)
  if (type !== 'histogram' && /_(count|sum|bucket)$/.test(name))
    problems.push(`${name} ends as a part of a histogram`)
  if (!help.endsWith('.')) problems.push(`the help of ${name} is no sentence`)
  if (type === 'counter' && samples.some(({ value }) => !(value >= 0))) problems.push(`${name} is below 0`)
  if (type === 'histogram') problems.push(...problemsOfHistogram(name, samples))
  return problems
}

function problemsOfHistogram(name: string, samples: Family['samples']): string[] {
  const problems: string[] = []
  const groups = new Map<string, { le: string; value: number }[]>()
  for (const sample of samples.filter((one) => one.name === `${name}_bucket`)) {
    const le = /le="([^"]+)"/.exec(sample.labels)?.[1] ?? '(none)'
    const rest = sample.labels.replace(/,?le="[^"]+",?/, '')
    groups.set(rest, [...(groups.get(rest) ?? []), { le, value: sample.value }])
  }
  for (const [labels, buckets] of groups) {
    const count = samples.find((one) => one.name === `${name}_count` && one.labels === labels)?.value
    if (buckets.at(-1)?.le !== '+Inf') problems.push(`${name}{${labels}} has no last bucket +Inf`)
    if (buckets.at(-1)?.value !== count) problems.push(`${name}{${labels}}: its count is not its last bucket`)
    if (buckets.some(({ value }, index) => index > 0 && value < buckets[index - 1]!.value))
      problems.push(`${name}{${labels}} has buckets that fall`)
  }
  return problems
}
