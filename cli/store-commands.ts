/** `standby get`, `put`, `append`, `compare-and-set`, `delete` and `execute`: one command each, to a running system. */
import { type Command, Option } from 'commander'
import type { Json } from '../machines/application/application.ts'
import { duration } from './options.ts'
import { addNetworkFlags, type NetworkFlags } from './process-options.ts'
import { exitCodes, withRemoteClient } from './remote-client.ts'

interface StoreOptions extends NetworkFlags {
  readonly timeout: number
  readonly json?: true
  readonly as?: 'string' | 'json'
}

const exits = `
Ends with 0 when it was executed; with 1 when it was not and never will be, or failed there; with 3 when there was no
answer in time and it may have been executed, or may yet be; with 2 for a wrong option.`

/** Adds the commands to the program. */
export function registerStoreCommands(program: Command): void {
  command(program, 'get', '<key>', 'print the value under a key; null if there is none').action(
    (key: string, options: StoreOptions, self: Command) =>
      withRemoteClient(options, self, async (client) => {
        print(options, { key, value: await client.get(key) })
      }),
  )
  command(program, 'put', '<key> <value>', 'set the value under a key')
    .addOption(as())
    .action((key: string, text: string, options: StoreOptions, self: Command) => {
      const value = valueIn(text, options, self)
      return withRemoteClient(options, self, async (client) => {
        await client.put(key, value)
        if (options.json) print(options, { key, value })
      })
    })
  command(
    program,
    'append',
    '<key> <text>',
    'append to the string under a key, and print its new length',
  ).action((key: string, text: string, options: StoreOptions, self: Command) =>
    withRemoteClient(options, self, async (client) => {
      print(options, { key, value: await client.append(key, text) })
    }),
  )
  command(
    program,
    'compare-and-set',
    '<key> <expected> <value>',
    'set the value under a key if the present one is as expected; prints whether it did, and ends with 1 if it did not',
  )
    .addOption(
      as('what expected and value are: the texts themselves, or the JSON that they spell, null for no value'),
    )
    .action((key: string, expected: string, text: string, options: StoreOptions, self: Command) => {
      const [present, value] = [valueIn(expected, options, self), valueIn(text, options, self)]
      return withRemoteClient(options, self, async (client) => {
        const isSet = await client.compareAndSet(key, present, value)
        print(options, { key, value: isSet })
        if (!isSet) process.exitCode = exitCodes.failed
      })
    })
  command(
    program,
    'execute',
    '<command>',
    'execute a command of any application, as JSON; print its result as JSON',
  ).action((text: string, options: StoreOptions, self: Command) => {
    const given = valueIn(text, { ...options, as: 'json' }, self)
    return withRemoteClient(options, self, async (client) => {
      process.stdout.write(`${JSON.stringify(await client.execute(given as never))}\n`)
    })
  })
  command(program, 'delete', '<key>', 'remove a key; prints whether there was something to remove').action(
    (key: string, options: StoreOptions, self: Command) =>
      withRemoteClient(options, self, async (client) => {
        print(options, { key, value: await client.delete(key) })
      }),
  )
}

function command(program: Command, name: string, args: string, description: string): Command {
  const own = program
    .command(`${name} ${args}`)
    .description(description)
    .option('--timeout <duration>', 'how long to wait for the answer', duration, 10_000)
    .option('--json', 'print an object with key and value')
    .addHelpText('after', exits)
  return addNetworkFlags(own)
}

function as(what = 'what the value is: the text itself, or the JSON that it spells'): Option {
  return new Option('--as <type>', what).choices(['string', 'json']).default('string')
}

function valueIn(text: string, { as }: StoreOptions, command: Command): Json {
  if (as !== 'json') return text
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    return command.error(`error: expected a value in JSON, got ${(error as Error).message}`)
  }
}

/** A text as it is, so that it can be used in a shell; anything else as JSON. */
function print({ json }: StoreOptions, result: { readonly key: string; readonly value: Json }): void {
  const { value } = result
  const text = json ? JSON.stringify(result) : typeof value === 'string' ? value : JSON.stringify(value)
  process.stdout.write(`${text}\n`)
}
