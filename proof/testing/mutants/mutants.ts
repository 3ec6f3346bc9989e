/** Mutants of a machine: copies, each broken in one place. */
import { type AnyStateMachine, StateMachine } from 'xstate'
import { type Config, type MutationKind, mutationKinds, mutationsOf } from './operators.ts'

/** A machine that is broken in one place. */
export interface Mutant {
  /** Counts from 1, in document order of the changes. */
  readonly number: number
  readonly kind: MutationKind
  /** Such as `open, on CLOSE`. */
  readonly where: string
  /** Such as `[unlocked] dropped`. */
  readonly change: string
  readonly machine: AnyStateMachine
}

/** Which mutants are made. */
export interface MutantOptions {
  /** Default: all kinds. */
  readonly kinds?: readonly MutationKind[]
}

/**
 * The mutants of a machine that XState can build; a change that leaves no machine does not count.
 * @throws TypeError for a kind that does not exist
 */
export function mutantsOf(
  machine: AnyStateMachine,
  { kinds = mutationKinds }: MutantOptions = {},
): readonly Mutant[] {
  const unknown = kinds.find((kind) => !mutationKinds.includes(kind))
  if (unknown !== undefined)
    throw new TypeError(
      `kinds: expected some of ${mutationKinds.join(', ')}, got ${unknown}; correct the name`,
    )
  const mutants: Mutant[] = []
  for (const { kind, where, change, apply } of mutationsOf(machine.config as Config)) {
    if (!kinds.includes(kind)) continue
    const config = writableCopy(machine.config as Config)
    apply(config)
    const broken = built(config, machine)
    if (broken !== null) mutants.push({ number: mutants.length + 1, kind, where, change, machine: broken })
  }
  return mutants
}

function built(config: Config, { implementations }: AnyStateMachine): AnyStateMachine | null {
  try {
    return new StateMachine(config as never, implementations as never) as unknown as AnyStateMachine
  } catch {
    return null
  }
}

/** Copies plain objects and lists; functions, machines and other instances stay the very same. */
function writableCopy<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(writableCopy) as Value
  if (typeof value !== 'object' || value === null) return value
  const prototype = Object.getPrototypeOf(value) as unknown
  if (prototype !== Object.prototype && prototype !== null) return value
  // An actor logic is a plain object too; what it is known by must stay.
  if ('transition' in value && 'getInitialSnapshot' in value) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, writableCopy(child)])) as Value
}
