/** The flags of a process: each is written down once, and help, environment, file and documentation agree. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { afterEach, describe, expect, test } from 'vitest'
import { configFlags } from '../../cli/config-flags.ts'
import { addProcessFlags, flagsOf, gatheredConfig } from '../../cli/process-options.ts'
import { configKeys } from '../../runtime/serve/config/config.ts'

const before = { ...process.env }
afterEach(() => {
  process.env = { ...before }
})

/** What a command line and the environment reach. */
function parsed(args: readonly string[], environment: Record<string, string> = {}) {
  process.env = { ...before, ...environment }
  const command = addProcessFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  command.parse([...args], { from: 'user' })
  return gatheredConfig(flagsOf(command), environment)
}

describe('a setting', () => {
  test.each(configFlags.map((flag) => [flag.field, flag] as const))('%s is a field of the file', (field) => {
    expect(configKeys).toContain(field)
  })

  test('has a row in docs/operating.md with its flag, its variable and its field', () => {
    const rows = readFileSync('docs/operating.md', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('|'))
    for (const { flag, env, field } of configFlags) {
      const [name] = flag.split(' ')
      const row = rows.find((line) => line.includes(`\`${name}`))
      expect(row, flag).toContain(env)
      expect(row, flag).toContain(`\`${field}\``)
    }
  })

  test('has help that stands alone', () => {
    for (const { help } of configFlags) expect(help).not.toMatch(/^(it|its|or|who|what|there)\b/)
  })
})

describe('sources', () => {
  test('a flag goes before a variable, of which an empty one is none', () => {
    expect(parsed(['--name', 'flag'], { STANDBY_NAME: 'variable', STANDBY_DRAIN: '' })).toEqual({
      name: 'flag',
      peers: {},
    })
  })

  test('lists are repeated or separated', () => {
    expect(parsed(['--peer', 'a=h:1', '--peer', 'b=h:2,c=h:3', '--nats', 'x:1', '--nats', 'y:2'])).toEqual({
      peers: { a: 'h:1', b: 'h:2', c: 'h:3' },
      natsServers: ['x:1', 'y:2'],
    })
  })

  test('a variable that says no is a no', () => {
    expect(parsed([], { STANDBY_INSECURE: 'false' })).toEqual({ peers: {}, insecure: false })
    expect(parsed(['--insecure'])).toEqual({ peers: {}, insecure: true })
  })

  test('a wrong one is refused by name', () => {
    expect(() => parsed([], { STANDBY_DRAIN: 'soon' })).toThrow('STANDBY_DRAIN')
    expect(() => parsed(['--peer', 'nobody'])).toThrow('name=host:port')
    expect(() => parsed(['--tls-certfile', 'x'])).toThrow('--tls-certfile')
  })
})
