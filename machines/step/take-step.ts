/**
 * A step of a chart: a snapshot and an event in, the next snapshot out, the actions handed to the scope.
 *
 * Every stepper of a chart uses it: live actors, simulator, checker, replicated machines, inspector. The result is
 * that of XState's own `transition`, at about half the cost.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { compiledStep } from './compiled-step.ts'
import { mannerOfXState } from './self-check.ts'
import { chartOf, hasOwnSteps, stepByXState, type TakeStep } from './xstate-internals.ts'

export type { Scope, TakeStep } from './xstate-internals.ts'

// By the root: a test may turn a machine into one of its mutants and back.
const known = new WeakMap<AnyStateNode, TakeStep>()

/** The steps of `machine`, compiled once for all that step it. */
export function takeStepOf(machine: AnyStateMachine): TakeStep {
  // It may share its root with a machine whose steps are XState's.
  if (hasOwnSteps(machine)) return stepByXState(machine)
  let takeStep = known.get(machine.root)
  if (takeStep === undefined) {
    takeStep = stepsOf(machine)
    known.set(machine.root, takeStep)
  }
  return takeStep
}

function stepsOf(machine: AnyStateMachine): TakeStep {
  const manner = mannerOfXState()
  const chart = manner === null ? null : chartOf(machine)
  return chart === null ? stepByXState(machine) : compiledStep(chart, manner!.fallsThrough)
}
