/** `standby get`, `put`, `append`, `compare-and-set`, `delete` and `execute`: one command each, to a running system. */
import { type Command, Option } from 'commander'
import type { Json } from '../machines/application/application.ts'
import { jsonTextFault } from '../runtime/serve/http/json-text.ts'
import { duration } from './options.ts'
import { addNetworkFlags, type NetworkFlags } from './process-options.ts'
import { exitCodes, withRemoteClient } from './remote-client.ts'

interface StoreOptions extends NetworkFlags {
  readonly timeout: number
  readonly json?: true
  readonly as?: 'auto' | 'string' | 'json'
}

const exits = `
Exit code: 0 executed; 1 not executed, or it failed there; 2 wrong option; 3 no answer in time: it may have been executed,
or may yet be.`

const values = `
A value is JSON if it parses as JSON, as over HTTP, and otherwise the text itself: 1 is a number, '"1"' and hello are
strings. --as string takes every value as text, --as json refuses what is not JSON. append takes text, always.
`

/** Adds the commands to the program. */
export function registerStoreCommands(program: Command): void {
  command(
    program,
    'get',
    '<key>',
    'print the value under a key, a string as it is and anything else as JSON; null if there is none',
  ).action((key: string, options: StoreOptions, self: Command) =>
    withRemoteClient(options, self, async (client) => {
      print(options, { key, value: await client.get(key) })
    }),
  )
  command(program, 'put', '<key> <value>', 'set the value under a key')
    .addOption(as())
    .addHelpText('after', values)
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
    .addOption(as())
    .addHelpText('after', values)
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

function as(): Option {
  return new Option('--as <type>', 'how values are read: auto (JSON if it parses, else text), string or json')
    .choices(['auto', 'string', 'json'])
    .default('auto')
}

/** @throws CommanderError for what is no JSON where JSON is asked for, and for numbers that would not be stored exactly */
function valueIn(text: string, { as = 'auto' }: StoreOptions, command: Command): Json {
  if (as === 'string') return text
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch (error) {
    if (as === 'auto') return text
    return command.error(`error: expected a value in JSON, got ${(error as Error).message}`)
  }
  const fault = jsonTextFault(Buffer.from(text), { depthMax: 200, valuesMax: Number.POSITIVE_INFINITY })
  if (fault?.kind !== 'inexactNumber') return value
  return command.error(
    `error: expected numbers that a double carries exactly, got ${fault.number}; give --as string to store the text`,
  )
}

/** A string as it is, for use in a shell; anything else as JSON. */
function print({ json }: StoreOptions, result: { readonly key: string; readonly value: Json }): void {
  const { value } = result
  const text = json ? JSON.stringify(result) : typeof value === 'string' ? value : JSON.stringify(value)
  process.stdout.write(`${text}\n`)
}
