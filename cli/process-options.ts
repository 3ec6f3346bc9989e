/** The configuration of a process: flags, then the environment, then a file. It checks nothing but their form. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readConfigFile } from '../runtime/serve/config/config.ts'
import { type ConfigFlag, configFlags, secretVariables } from './config-flags.ts'

/** Flags as Commander gives them, by the names of their options. */
export interface NetworkFlags {
  readonly config?: string
  readonly [option: string]: unknown
}
/** The flags of `standby serve`. */
export type ProcessFlags = NetworkFlags

/** Adds `--config` and the flags of every command that dials a running system. */
export function addNetworkFlags(command: Command): Command {
  return addFlags(
    command.addOption(configOption()),
    configFlags.filter(({ dials }) => dials),
  )
}

/** `--config`. */
export function configOption(): Option {
  return new Option('--config <file>', 'JSON file with settings').env('STANDBY_CONFIG')
}

/** Adds the flags of a process. */
export function addProcessFlags(command: Command): Command {
  return addFlags(
    addNetworkFlags(command),
    configFlags.filter(({ dials }) => !dials),
  )
}

function addFlags(command: Command, flags: readonly ConfigFlag[]): Command {
  for (const flag of flags) command.addOption(optionOf(flag))
  return command
}

/** The flag as an option of Commander. */
export function optionOf({ flag, help, env, parse }: ConfigFlag): Option {
  const option = new Option(flag, help)
  // Commander takes a variable of a flag without a value for a yes, with any value.
  if (option.isBoolean()) return new Option(flag, `${help} (env: ${env}=true)`)
  option.env(env)
  // A variable that is set to nothing is not set.
  if (parse !== undefined)
    option.argParser((text: string, before: unknown) => (text === '' ? before : parse(text, before as never)))
  return option
}

/** The options that were given as flags; those of the environment are gathered from the environment. */
export function flagsOf(command: Command): ProcessFlags {
  return Object.fromEntries(
    Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === 'cli'),
  )
}

type Fields = Record<string, unknown>

/** Fields that take each other's place. */
const alternatives = [
  ['secret', 'secretFile', 'keysFile', 'authentication'],
  ['httpToken', 'httpTokenFile'],
  ['natsUser', 'natsPasswordFile', 'natsTokenFile', 'natsNkeyFile', 'natsCredentialsFile'],
] as const

/**
 * All settings, the nearest source first; peers are joined.
 * @throws StandbyError `invalidOption` for an unreadable file; InvalidArgumentError for a variable without a meaning
 */
export function gatheredConfig(flags: ProcessFlags, environment: NodeJS.ProcessEnv): Fields {
  const path = flags.config ?? environment.STANDBY_CONFIG
  const file: Fields = path === undefined ? {} : readConfigFile(path)
  const given = fromFlags(flags)
  const around = fromEnvironment(environment)
  const peers = { ...fieldsIn(file.peers), ...fieldsIn(around.peers), ...fieldsIn(given.peers) }
  const gathered: Fields = { ...file, ...around, ...given, peers }
  // A nearer source of a secret takes the place of a farther one, whichever way each gives it.
  for (const ways of alternatives) {
    const nearest = [given, around, file].find((fields) => ways.some((way) => way in fields))
    if (nearest === undefined) continue
    for (const way of ways) {
      delete gathered[way]
      if (way in nearest) gathered[way] = nearest[way]
    }
  }
  return gathered
}

function fromFlags(flags: ProcessFlags): Fields {
  const fields = configFlags.map(
    ({ field, flag }) => [field, flags[new Option(flag).attributeName()]] as const,
  )
  return withoutUndefined(Object.fromEntries(fields))
}

function fromEnvironment(environment: NodeJS.ProcessEnv): Fields {
  const read = (name: string, parse: (text: string) => unknown = String): unknown => {
    const text = environment[name]
    if (text === undefined || text === '') return undefined
    try {
      return parse(text)
    } catch (error) {
      throw new InvalidArgumentError(`${name}: ${(error as Error).message}`)
    }
  }
  return withoutUndefined({
    ...Object.fromEntries(configFlags.map(({ field, env, parse }) => [field, read(env, parse)])),
    ...Object.fromEntries(Object.entries(secretVariables).map(([field, env]) => [field, read(env)])),
  })
}

function fieldsIn(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function withoutUndefined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
