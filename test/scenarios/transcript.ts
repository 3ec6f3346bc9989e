/**
 * Scenario transcripts: commands, a line `----`, and what then happened, block after block. Executes the commands of a
 * transcript on a virtual world and gives the transcript back with what happened this time. It asserts nothing.
 *
 * | command                                  | meaning                                                               |
 * | ---------------------------------------- | --------------------------------------------------------------------- |
 * | `servers 3 [sessionsMax=2 ...]`          | starts the world, with limits by name                                 |
 * | `call c1 put a 1`                        | a client calls; no time passes                                        |
 * | `run 4 pings`, `run 10 ms`               | time passes                                                           |
 * | `run until settled`, `... until answered`| until the view serves; until no call is pending                       |
 * | `crash WHO`, `restart WHO`, `stop view-service` |                                                                |
 * | `drop TYPE [from WHO] [to WHO]`          | loses these messages, until `clear`                                   |
 * | `cut A B`, `isolate A from B C`, `heal`  | links, one way or both ways                                           |
 * | `watch TYPE ...`                         | from now on reports each such message received, lost or refused      |
 * | `nodes`                                  | a line per server, as it is now                                       |
 *
 * WHO is `primary`, `backup`, `idle` (resolved when executed) or a name.
 */
import type { CallEnd } from '../../actors/client.ts'
import type { Observation } from '../../actors/observation.ts'
import { stateIn } from '../../actors/server.ts'
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import { type Message, type MessageType, messageSchemas, type Request } from '../../machines/messages.ts'
import type { View } from '../../machines/view.ts'
import { createWorld, type World } from '../support/world.ts'

const separator = '----'

/** The transcript as it comes out when its commands are executed now; comments and blank lines stay. */
export function replay(text: string): string {
  const story = createStory()
  const blocks = text.trimEnd().split(/\n\n+/)
  return `${blocks.map((block) => replayBlock(block, story)).join('\n\n')}\n`
}

function replayBlock(block: string, story: Story): string {
  const lines = block.split('\n')
  const end = lines.indexOf(separator)
  if (end < 0) return block
  const commands = lines.slice(0, end)
  const output = commands.filter((line) => !line.startsWith('#')).flatMap((line) => story.execute(line))
  return [...commands, separator, ...output].join('\n')
}

interface Story {
  /** Executes one command and tells what happened, a line each. */
  execute(line: string): readonly string[]
}

function createStory(): Story {
  let world: World | undefined
  let printed = 0
  let watched: readonly string[] = []

  const happened = (): string[] => {
    if (world === undefined) return []
    const fresh = world.observations.slice(printed)
    printed = world.observations.length
    return fresh.flatMap((observation) => tell(observation, watched))
  }

  return {
    execute(line) {
      const [verb = '', ...words] = line.trim().split(/\s+/)
      if (verb === 'servers') {
        world = createWorld({ servers: Number(words[0]), limits: limitsIn(words.slice(1)) })
        return happened()
      }
      if (world === undefined) throw new Error(`expected servers first, got ${line}`)
      if (verb === 'watch') {
        watched = words.map(messageType)
        return []
      }
      if (verb === 'nodes') return nodesOf(world)
      const action = actions[verb]
      if (action === undefined) throw new Error(`expected a command of transcript.ts, got ${line}`)
      action(world, words)
      return happened()
    },
  }
}

type Action = (world: World, words: readonly string[]) => void

const actions: Record<string, Action> = {
  call(world, [name, ...words]) {
    world.call(world.client(name), commandIn(words))
  },
  run,
  crash: (world, [who = '']) => world.server(who).crash(),
  restart: (world, [who = '']) => world.server(who).restart(),
  stop: (world) => world.cluster.viewService.stop(),
  drop(world, words) {
    const after = (word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined)
    world.drop({ type: messageType(words[0]!), from: after('from'), to: after('to') })
  },
  clear: (world) => world.network.clear(),
  cut: (world, [from = '', to = '']) => world.cut(from, to),
  isolate: (world, [who = '', , ...others]) => world.isolate(who, ...others),
  heal: (world) => world.network.heal(),
}

function run(world: World, [first, second]: readonly string[]): void {
  if (first !== 'until') {
    if (second === 'pings') world.pings(Number(first))
    else world.advance(Number(first))
  } else if (second === 'settled') world.settle()
  else world.until('answers', () => world.pending() === 0)
}

function limitsIn(words: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    words.map((word) => word.split('=') as [string, string]).map(([name, value]) => [name, Number(value)]),
  )
}

function commandIn([op = '', key = '', ...values]: readonly string[]): unknown {
  const [value, other] = op === 'append' ? values : values.map((text) => JSON.parse(text) as unknown)
  if (op === 'get' || op === 'delete') return { op, key }
  return op === 'compareAndSet' ? { op, key, expected: value, value: other } : { op, key, value }
}

function messageType(word: string): MessageType {
  if (Object.hasOwn(messageSchemas, word)) return word as MessageType
  throw new Error(`expected a message type, got ${word}`)
}

// What a reader of the story is reported.

function tell(observation: Observation, watched: readonly string[]): readonly string[] {
  const { t, node } = observation
  const line = (text: string) => `${String(t).padStart(5)} ms  ${(node ?? 'network').padEnd(12)}  ${text}`
  return [...tellMessage(observation, watched), ...tellEvent(observation)].map(line)
}

function tellMessage({ kind, envelope, ignored = [] }: Observation, watched: readonly string[]): string[] {
  const type = envelope?.message.type
  if (envelope === undefined || type === undefined || !watched.includes(type)) return []
  const what = describeMessage(envelope.message)
  if (kind === 'drop') return [`loses ${what} to ${envelope.to}`]
  if (kind !== 'receive') return []
  return [`${what} from ${envelope.from}${ignored.map((reason) => `: ignored, ${reason}`).join('')}`]
}

function tellEvent({ kind, before, after, call, detail, node }: Observation): string[] {
  switch (kind) {
    case 'call':
      return [`calls ${describeCommand(call!.command as KeyValueCommand)}`]
    case 'return':
      return [`${describeCommand(call!.command as KeyValueCommand)} = ${describeEnd(call!.end as CallEnd)}`]
    case 'crash':
      return [`crashes as ${detail}`]
    case 'restart':
      return ['starts, empty']
    case 'stop':
      return ['stops']
    case 'partition':
      return [detail!]
    case 'heal':
      return ['every link works again']
    case 'receive':
    case 'timer':
      return node === 'view-service' ? tellViews(before!, after!) : tellRole(before!, after!)
    default:
      return []
  }
}

type Snapshot = NonNullable<Observation['after']>

function tellViews(before: Snapshot, after: Snapshot): string[] {
  const view = after.context.view as View
  const lines = view.number === before.context.view.number ? [] : [describeView(view)]
  const isNews = lines.length > 0 || !before.hasTag('acknowledged')
  return after.hasTag('acknowledged') && isNews ? [...lines, `view ${view.number} is acknowledged`] : lines
}

/** Serving and waiting for the backup take turns with every request; only what else changes is news. */
function tellRole(before: Snapshot, after: Snapshot): string[] {
  if (typeof after.value === 'string') return []
  const [from, to] = [stateIn(before.value), stateIn(after.value)]
  const [old, view] = [before.context.view as View, after.context.view as View]
  const isRoutine = before.hasTag('answersClients') && after.hasTag('answersClients')
  if (view.number === old.number && (from === to || isRoutine)) return []
  return [`${from === to ? to : `${from} -> ${to}`}, view ${view.number}`]
}

function nodesOf(world: World): readonly string[] {
  return world.cluster.servers.map(({ id, alive, node, name }) => {
    const { view } = node.actor.getSnapshot().context
    const holds = JSON.stringify(world.contents(name))
    const state = alive ? `${node.state()}, view ${view.number}, holds ${holds}` : 'crashed'
    return `${id.padEnd(6)} ${state}`
  })
}

function describeView({ number, primary, backup }: View): string {
  return `view ${number}: primary ${primary}, ${backup === null ? 'no backup' : `backup ${backup}`}`
}

function describeMessage(message: Message): string {
  const { type } = message
  switch (type) {
    case 'request':
      return `request ${describeRequest(message)}`
    case 'reply': {
      const { outcome, session, seq } = message
      const answer = outcome.kind === 'results' ? outcome.results.map(describeEnd).join(', ') : outcome.kind
      return `reply ${session ?? 'new session'}${session === null ? '' : `/${seq}`} = ${answer}${outcome.kind === 'opened' ? ` ${outcome.session}` : ''}`
    }
    case 'refusal':
      return `refusal ${message.reason}`
    case 'forward':
      return `forward ${message.number} of view ${message.viewNumber} (${message.requests.map(describeRequest).join('; ')})`
    case 'forwardAck':
      return `forwardAck ${message.number} of view ${message.viewNumber}`
    case 'stateTransfer':
      return `stateTransfer piece ${message.index}${message.last ? ', the last,' : ''} of view ${message.view.number}`
    case 'stateTransferAck':
      return `stateTransferAck piece ${message.index} of view ${message.viewNumber}`
    case 'ping':
      return `ping ${message.viewNumber}`
    case 'viewReply':
      return `viewReply ${describeView(message.view)}`
    default:
      return type
  }
}

function describeRequest({ session, seq, commands }: Pick<Request, 'session' | 'seq' | 'commands'>): string {
  const asked = (commands as unknown as KeyValueCommand[]).map(describeCommand).join(', ')
  return session === null ? 'new session' : `${session}/${seq} ${asked}`
}

function describeCommand(command: KeyValueCommand): string {
  const { op, key, ...values } = command
  const shown = Object.values(values).map((value) => (op === 'append' ? value : JSON.stringify(value)))
  return [op, key, ...shown].join(' ')
}

function describeEnd(end: CallEnd): string {
  if ('value' in end) return JSON.stringify(end.value)
  if ('error' in end) return `error: ${end.error.message}`
  const { code, mayHaveExecuted } = end.failure
  return `${code}, ${mayHaveExecuted ? 'may have been executed' : 'never transmitted'}`
}
