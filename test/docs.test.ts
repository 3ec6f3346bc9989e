/** The documents against the code: what they draw, link, name and print is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { defaultLimits, defaultTiming } from '../actors/options.ts'
import { chartsFolder, type Drawing, drawCharts } from '../docs/scripts/draw-charts.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
}

const documents = ['README.md', 'CHANGELOG.md', ...readdirSync(join(root, 'docs')).flatMap(markdownIn)]

function markdownIn(name: string): string[] {
  return name.endsWith('.md') ? [`docs/${name}`] : []
}

describe('drawings', () => {
  let drawings: readonly Drawing[]
  beforeAll(async () => {
    drawings = await drawCharts()
  })

  test('the files in docs/charts are what the charts give now; npm run docs:charts draws them again', () => {
    const committed = readdirSync(chartsFolder).map((file) => ({
      file,
      content: read(`docs/charts/${file}`),
    }))
    const stale = drawings.filter(({ file, content }) => {
      return committed.find((other) => other.file === file)?.content !== content
    })

    expect(stale.map(({ file }) => file)).toEqual([])
    expect(committed.map(({ file }) => file).sort()).toEqual(drawings.map(({ file }) => file).sort())
  })
})

describe('links', () => {
  test.each(documents)('every link of %s leads somewhere', (document) => {
    const dead = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !target.startsWith('http'))
      .filter((target) => {
        const [path, anchor] = target.split('#') as [string, string | undefined]
        const file = path === '' ? document : normalize(join(dirname(document), path))
        if (!existsSync(join(root, file))) return true
        return anchor !== undefined && !anchorsOf(read(file)).includes(anchor)
      })

    expect(dead).toEqual([])
  })

  test('every npm script that a document names is there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = documents.flatMap((document) =>
      [...read(document).matchAll(/npm (?:run ([\w:]+)|(start|test)\b)/g)].map(
        ([, script, short]) => script ?? short!,
      ),
    )

    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
    expect(named).toContain('docs:charts')
  })

  test('every file that docs/testing.md names is there', () => {
    const named = [...read('docs/testing.md').matchAll(/`(test\/[\w./*-]+)`/g)].map(([, path]) => path!)
    const all = filesIn('test', '')
    const missing = named.filter((path) => {
      const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}`)
      return !all.some((file) => pattern.test(file) || pattern.test(`${dirname(file)}/`))
    })

    expect(missing).toEqual([])
    expect(named.length).toBeGreaterThan(5)
  })
})

/** The anchors that GitHub makes of headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

describe('rules', () => {
  const defined = [...read('docs/protocol.md').matchAll(/^(?:- )?\*\*([NVSTCLI]\d+)\.\*\*/gm)].map(
    ([, id]) => id!,
  )
  const citations = (paths: readonly string[]) =>
    paths.flatMap((path) =>
      [...read(path).matchAll(/(?<![\w.#$/-])([NVSTCI]\d{1,2})(?![\w#])/g)].map(([, id]) => id!),
    )

  test('every rule that the code cites is in docs/protocol.md', () => {
    const code = ['machines', 'actors', 'runtime', 'proof', 'cli'].flatMap((folder) => filesIn(folder, '.ts'))
    const cited = new Set(citations(code))

    expect([...cited].filter((id) => !defined.includes(id))).toEqual([])
    expect(cited.size).toBeGreaterThan(20)
  })

  test('every rule of docs/protocol.md is cited by a test', () => {
    // N1 is the setting and no rule to be kept. I3, I4 and I8 are of whole runs.
    const exempt = ['N1', 'I3', 'I4', 'I8']
    const tests = filesIn('test', '.ts').map(read).join('\n')

    expect(defined.filter((id) => !exempt.includes(id) && !new RegExp(`\\b${id}\\b`).test(tests))).toEqual([])
    expect(new Set(defined).size).toBe(defined.length)
  })
})

describe('docs/operating.md', () => {
  const rows = new Map(
    [...read('docs/operating.md').matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, cell]) => [
      name!,
      cell!.trim(),
    ]),
  )

  test('every interval and bound is there, with its default', () => {
    const actual = { ...defaultTiming, ...defaultLimits }
    const documented = Object.fromEntries(Object.keys(actual).map((name) => [name, quantity(rows.get(name))]))

    expect(documented).toEqual(actual)
  })

  test('every error code is there, and what to do', () => {
    const [, union = ''] = /type StandbyErrorCode =([\s\S]*?)\n\n/.exec(read('actors/errors.ts')) ?? []
    const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code!)

    expect(codes.filter((code) => !rows.has(code))).toEqual([])
    expect(codes).toContain('timedOut')
  })
})

/** `256 KiB` as 262144. */
function quantity(text = ''): number {
  const [, digits = 'NaN', unit] = /^([\d,]+)(?: (KiB|MiB))?$/.exec(text) ?? []
  return Number(digits.replaceAll(',', '')) * (unit === 'MiB' ? 1024 * 1024 : unit === 'KiB' ? 1024 : 1)
}

describe('docstrings', () => {
  const doors = Object.values(
    JSON.parse(read('package.json')).exports as Record<string, { default?: string }>,
  )
    .flatMap((door) => door.default ?? [])
    .map((path) => path.replace('./dist/', '').replace(/\.js$/, '.ts'))

  test('every public export has a docstring, which the API reference is made of', () => {
    const undocumented = doors.flatMap((door) => exportsOf(door)).filter(({ hasDocstring }) => !hasDocstring)

    expect([...new Set(undocumented.map(({ name, path }) => `${path}: ${name}`))].sort()).toEqual([])
  })
})

interface Exported {
  readonly name: string
  readonly path: string
  readonly hasDocstring: boolean
}

/** What a module exports, by the text of its export statements; our modules have no other kinds. */
function exportsOf(path: string): readonly Exported[] {
  const text = read(path)
  const own = [
    ...text.matchAll(
      /(\*\/\n)?^export (?:abstract |async )?(?:function\*?|const|class|interface|type) (\w+)/gm,
    ),
  ].map(([, docstring, name]) => ({ name: name!, path, hasDocstring: docstring !== undefined }))
  const documented = new Set(own.filter(({ hasDocstring }) => hasDocstring).map(({ name }) => name))
  // Overloads: the first one's docstring speaks for all.
  const merged = own.map((one) => ({ ...one, hasDocstring: documented.has(one.name) }))
  const passedOn = [...text.matchAll(/^export (?:type )?(\*|\{[^}]*\}) from '(\.[^']+)'/gm)].flatMap(
    ([, names, source]) => {
      const all = exportsOf(normalize(join(dirname(path), source!)))
      if (names === '*') return all
      const listed = [...names!.matchAll(/\b(\w+)\b/g)].map(([, name]) => name!)
      return all.filter(({ name }) => listed.includes(name))
    },
  )
  return [...merged, ...passedOn]
}
