/** Judges our replicas step by step: the invariants as they break, and whether the calls so far are linearizable. */
import type { Observation } from '../../actors/observation.ts'
import type { TraceVerdict } from '../check/saved-run.ts'
import { checkHistory } from '../history/check-history.ts'
import type { KeyValueInput } from '../history/history.ts'
import { type CallToken, HistoryRecorder } from '../history/history-recorder.ts'
import type { Json } from '../history/json.ts'
import { keyValueModel } from '../history/key-value/model.ts'
import { watchInvariants } from '../simulate/watch.ts'
import type { Judge } from './staged.ts'

/** Steps of the search for an order: histories that a person makes by hand are short. */
const stepsMax = 200_000

/** Reports the first invariant that breaks, and the first answer that no order of the calls explains. */
export function createReplicasJudge(cast: {
  readonly servers: readonly string[]
  readonly clients: readonly string[]
}): Judge {
  const watch = watchInvariants({ viewService: 'view-service', ...cast })
  const recorder = new HistoryRecorder()
  const open = new Map<string, CallToken>()
  let isBroken = false
  let isIllegal = false

  const judgeHistory = ({ kind, node, call }: Observation): TraceVerdict[] => {
    if (call === undefined) return []
    const key = `${node}/${call.id}`
    const command = call.command as KeyValueInput
    if (kind === 'call') open.set(key, recorder.call(node ?? '', command))
    const token = open.get(key)
    if (kind !== 'return' || token === undefined) return []
    open.delete(key)
    const end = call.end as { value?: Json; failure?: { mayHaveExecuted: boolean } }
    if (end.failure?.mayHaveExecuted === false) recorder.neverTransmitted(token)
    // An append answers the new length; the model speaks of the new value, or of nothing but the acknowledgement.
    else if ('value' in end) recorder.answered(token, command.op === 'append' ? null : (end.value ?? null))
    else return []
    if (isIllegal || checkHistory(keyValueModel, recorder.history(), { stepsMax }).verdict !== 'illegal')
      return []
    isIllegal = true
    const reason = 'no order of the calls explains what was answered'
    return [{ name: 'I8: the history is linearizable', holds: false, reason }]
  }

  return ({ observations }) =>
    observations.map((observation) => {
      watch.observe(observation)
      const verdicts = judgeHistory(observation)
      const breach = watch.breach()
      if (breach === null || isBroken) return verdicts
      isBroken = true
      return [{ name: breach.name, holds: false, reason: breach.reason }, ...verdicts]
    })
}
