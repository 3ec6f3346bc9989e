// Histories of a simulated atomic store with crashes, always linearizable, and ways to spoil them. Judges nothing.
import type { Json, KeyValueInput, Operation } from '../../proof/history/index.ts'

/** Numbers from a seed: a whole number below `limit`, a chance, a choice. */
export interface Random {
  below(limit: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
}

/** The mulberry32 generator. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return {
    below: (limit) => Math.floor(fraction() * limit),
    chance: (probability) => fraction() < probability,
    pick: (items) => items[Math.floor(fraction() * items.length)]!,
  }
}

export interface Workload {
  readonly clients: number
  readonly operations: number
  readonly keys: readonly string[]
  /** The share of calls that are never answered. */
  readonly crashes: number
  /** What the next client calls. */
  command(random: Random, key: string, serial: number): KeyValueInput
  /** Whether an append is only acknowledged. Default: it gives the new text. */
  readonly silentAppends?: boolean
}

interface Pending {
  readonly index: number
  readonly client: number
  effective: boolean
  output: Json
}

/** Runs a workload against one atomic copy; each call takes effect at a moment between its call and its answer. */
export function simulateHistory(random: Random, workload: Workload): Operation[] {
  const store = new Map<string, Json>()
  const history: Operation[] = []
  const pending: (Pending | null)[] = Array.from({ length: workload.clients }, () => null)
  const ghosts: Pending[] = []
  let nextEvent = 1
  let nextClient = workload.clients
  const names = pending.map((_, slot) => slot)
  const takeEffect = (one: Pending) => {
    const output = applyCommand(store, history[one.index]!, workload.silentAppends ?? false)
    one.output = output ?? null
    one.effective = output !== undefined
  }
  while (history.length < workload.operations || pending.some((one) => one !== null)) {
    if (ghosts.length > 0 && random.chance(0.02)) {
      const [ghost] = ghosts.splice(random.below(ghosts.length), 1)
      takeEffect(ghost!)
    }
    const slot = random.below(workload.clients)
    const one = pending[slot] ?? null
    if (one === null) {
      if (history.length >= workload.operations) continue
      const index = history.length
      const command = workload.command(random, random.pick(workload.keys), index)
      const times = { client: `c${names[slot]}`, output: null, call: nextEvent++, return: null }
      history.push({ ...command, value: command.value ?? null, ...times } as Operation)
      pending[slot] = { index, client: names[slot]!, effective: false, output: null }
    } else if (random.chance(workload.crashes / 2)) {
      if (!one.effective) ghosts.push(one)
      pending[slot] = null
      names[slot] = nextClient++
    } else if (!one.effective) {
      takeEffect(one)
      if (!one.effective) pending[slot] = null
    } else {
      history[one.index] = { ...history[one.index]!, output: one.output, return: nextEvent++ }
      pending[slot] = null
    }
  }
  return history
}

/** The output, or undefined for what the store refuses, which then stays unanswered. */
function applyCommand(
  store: Map<string, Json>,
  command: KeyValueInput,
  silentAppends: boolean,
): Json | undefined {
  const value = store.get(command.key) ?? null
  switch (command.op) {
    case 'get':
      return value
    case 'put':
      store.set(command.key, command.value)
      return null
    case 'delete':
      store.delete(command.key)
      return null
    case 'append': {
      if (value !== null && typeof value !== 'string') return undefined
      const longer = `${value ?? ''}${command.value}`
      store.set(command.key, longer)
      return silentAppends ? null : longer
    }
    case 'compareAndSet': {
      const matches = JSON.stringify(value) === JSON.stringify(command.expected)
      if (matches) store.set(command.key, command.value)
      return matches
    }
  }
}

/** Spoils a history a little, so that it is often no longer linearizable: outputs, times or answers change. */
export function spoil(random: Random, history: readonly Operation[], outputs: readonly Json[]): Operation[] {
  const spoilt = history.slice()
  const index = random.below(spoilt.length)
  const operation = spoilt[index]!
  switch (random.below(5)) {
    case 0:
    case 1:
      if (operation.return !== null)
        spoilt[index] = { ...operation, output: otherOutput(random, operation, outputs) }
      return spoilt
    case 2:
      return swapTimes(spoilt, index, random.below(spoilt.length))
    case 3:
      spoilt[index] = { ...operation, return: null, output: null }
      return spoilt
    default:
      spoilt.splice(index, 1)
      return spoilt
  }
}

function otherOutput(random: Random, operation: Operation, outputs: readonly Json[]): Json {
  if (operation.op === 'compareAndSet') return random.pick([true, false, null])
  if (operation.op === 'append')
    return random.chance(0.2) ? null : random.pick(texts(outputs)) + operation.value
  return operation.op === 'get' ? random.pick(outputs) : null
}

function texts(outputs: readonly Json[]): string[] {
  return ['', ...outputs.filter((output) => typeof output === 'string')]
}

function swapTimes(history: Operation[], left: number, right: number): Operation[] {
  const [one, other] = [history[left]!, history[right]!]
  if (one.return === null || other.return === null) return history
  history[left] = { ...one, call: other.call, return: other.return }
  history[right] = { ...other, call: one.call, return: one.return }
  return history
}
