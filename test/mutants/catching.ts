/** Sets each check on a broken protocol, and on the sound one, and tells which caught it and how. */
import type { AnyStateMachine } from 'xstate'
import { createClientMachine } from '../../machines/client/index.ts'
import { createServerMachine } from '../../machines/server/index.ts'
import { createStepper } from '../../machines/step.ts'
import { createViewServiceMachine } from '../../machines/view-service.ts'
import { check } from '../../proof/check/check.ts'
import { handlerProperties } from '../../proof/check/handlers.ts'
import type { CheckOptions } from '../../proof/check/options.ts'
import { application, brokenChart, type Mutant, type Played, soundSystemOf, systemOf } from './changes.ts'

/** How a mutant was caught. */
export interface Catch {
  readonly by: string
  /** Steps of the minimised counterexample, or events played; null if there is none to show. */
  readonly steps: number | null
  /** Distinct states that were searched; null for what was played. */
  readonly states: number | null
  readonly seconds: number
}

const bounds = { states: 400_000 }

/** How the mutant was caught; null if it lives. */
export function caught(mutant: Mutant): Catch | null {
  const started = performance.now()
  const found = mutant.played !== undefined ? caughtByPlaying(mutant, mutant.played) : caughtBySearch(mutant)
  return found === null ? null : { ...found, seconds: (performance.now() - started) / 1000 }
}

type Found = Omit<Catch, 'seconds'> | null

function caughtBySearch(mutant: Mutant): Found {
  const { means = 'search' } = mutant
  const { violation, verdict, goals, liveness, states } = check(systemOf(mutant), optionsFor(means))
  switch (means) {
    case 'goal': {
      const missed = goals.find(({ run }) => run === null)
      const isMissed = missed !== undefined && verdict !== 'violated'
      return isMissed ? { by: `goal: ${missed.name}`, steps: null, states } : null
    }
    case 'liveness': {
      const [failure] = liveness?.failures ?? []
      return failure === undefined ? null : { by: failure.name, steps: failure.run.steps.length, states }
    }
    case 'handlers':
      if (violation?.name !== handlerProperties.deterministic) return null
      return { by: violation.name, steps: violation.run.steps.length, states }
    default:
      return violation === null ? null : { by: violation.name, steps: violation.run.steps.length, states }
  }
}

function optionsFor(means: NonNullable<Mutant['means']>): CheckOptions {
  switch (means) {
    case 'liveness':
      return { bounds: { states: 20_000 }, liveness: { samples: 60 } }
    case 'handlers':
      return { bounds: { states: 5_000 }, handlers: { deterministic: true } }
    case 'goal':
      return { bounds: { states: 60_000 } }
    case 'search':
      return { bounds }
  }
}

/** What is wrong with the sound protocol where this mutant is looked for; null if nothing is. */
export function wrongWithSound(mutant: Mutant): string | null {
  if (mutant.played !== undefined) {
    const outcome = play(mutant.played, (machine) => machine)
    return outcome === JSON.stringify(mutant.played.sound) ? null : `it tells ${outcome}`
  }
  const { means = 'search' } = mutant
  const options = optionsFor(means)
  const { violation, goals, liveness } = check(soundSystemOf(mutant), {
    ...options,
    bounds: { states: Math.min(60_000, options.bounds!.states!) },
  })
  if (violation !== null) return violation.story
  const missed = goals.find(({ run }) => run === null)
  if (means === 'goal' && missed !== undefined) return `${missed.name} is not reached`
  return liveness?.failures[0]?.story ?? null
}

function caughtByPlaying(mutant: Mutant, played: Played): Found {
  const outcome = play(played, brokenChart(mutant, played.chart))
  const { events } = played
  return outcome === JSON.stringify(played.sound)
    ? null
    : { by: 'events played to the chart', steps: events.length, states: null }
}

function play(
  { chart, id, input, options, events, tell }: Played,
  change: (machine: AnyStateMachine) => AnyStateMachine,
): string {
  const machines: Record<Played['chart'], () => AnyStateMachine> = {
    viewService: () => createViewServiceMachine(),
    server: () => createServerMachine(application, options),
    client: () => createClientMachine(),
  }
  const stepper = createStepper(change(machines[chart]()))
  const own = id ?? (chart === 'viewService' ? 'view-service' : 's1#1')
  let { snapshot, actions } = stepper.start({ id: own, viewService: 'view-service', ...input } as never)
  for (const event of events) {
    ;({ snapshot, actions } = stepper.step(snapshot, event as never))
  }
  return JSON.stringify(tell(snapshot, actions))
}
