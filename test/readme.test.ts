/** Every program and command of the README, in its order, in an empty folder with the packed package. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Application, installPacked, manifest } from './support/packed.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

interface Block {
  readonly language: string
  readonly text: string
  /** The block behind it, if it is what the command prints. */
  readonly output: string | null
}

const blocks: readonly Block[] = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map((match, index, all) => {
  const next = all[index + 1]
  return { language: match[1]!, text: match[2]!, output: next?.[1] === 'text' ? next[2]! : null }
})
const commands = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text, output }) =>
    text
      .trim()
      .split('\n')
      .map((command) => ({ command: command.replace(/ +#.*$/, ''), output })),
  )

let application: Application

beforeAll(async () => {
  application = await installPacked()
  for (const { language, text } of blocks) {
    const [, name] = /^\/\/ (\S+\.m?js)\n/.exec(text) ?? []
    if (language === 'js' && name !== undefined) writeFileSync(join(application.folder, name), text)
  }
}, 60_000)

afterAll(() => application.remove())

/** How each kind of command is run here, without a registry and without a terminal. */
const ways: readonly (readonly [RegExp, (command: string) => readonly string[] | null])[] = [
  [/^node \S+$/, (command) => [command.slice(5)]],
  [/^npx vitest run$/, () => [join(root, 'node_modules/vitest/vitest.mjs'), 'run']],
  [
    /^npx standby run$/,
    () => [join(application.folder, 'node_modules', manifest.name, 'dist/cli/main.js'), 'run', '--for', '3s'],
  ],
  // What an installer or the repository itself does is tested elsewhere.
  [/^npm (install|ci) /, () => null],
]

describe('README', () => {
  test.each(commands)('$command', { timeout: 120_000 }, async ({ command, output }) => {
    const way = ways.find(([pattern]) => pattern.test(command))
    expect(way, `a way to test ${command}`).toBeDefined()
    const args = way![1](command)
    if (args === null) return
    const env = { ...process.env, NO_COLOR: '1' }

    const { stdout } = await run(process.execPath, args, { cwd: application.folder, env, timeout: 100_000 })

    if (output === null) expect(stdout.length).toBeGreaterThan(0)
    else expect(stdout.trimEnd()).toBe(output.trimEnd())
  })

  test('says how to install what its programs import', () => {
    const installed = commands.flatMap(({ command }) =>
      command.startsWith('npm install')
        ? command
            .split(' ')
            .slice(2)
            .filter((word) => !word.startsWith('-'))
        : [],
    )
    const imported = blocks
      .filter(({ text }) => /^\/\/ \S+\.m?js\n/.test(text))
      .flatMap(({ text }) => [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name!.split('/')[0]!))

    expect(imported.filter((name) => !installed.includes(name))).toEqual([])
  })

  test('leads to files that the package has', () => {
    const own = join(application.folder, 'node_modules', manifest.name)
    const links = [...readme.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!)

    expect(links.filter((target) => !/^https?:/.test(target) && !existsSync(join(own, target)))).toEqual([])
  })
})
