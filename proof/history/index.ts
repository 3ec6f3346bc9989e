// The public door of `standby/history`: record, read, judge and draw histories of any sequential object.
export { type CheckOptions, checkHistory } from './check-history.ts'
export type { CompiledHistory } from './compiled-history.ts'
export {
  formatHistory,
  HistoryError,
  type KeyValueInput,
  type Operation,
  parseHistory,
  validateHistory,
} from './history.ts'
export { type CallToken, HistoryRecorder } from './history-recorder.ts'
export { type JepsenHistory, type JepsenOperation, type NemesisBand, parseJepsen } from './jepsen.ts'
export type { Json } from './json.ts'
export type { Judgement, PartJudgement, Verdict } from './judgement.ts'
export { keyValueModel } from './key-value/model.ts'
export {
  type Effect,
  type Recorded,
  type RecordedCall,
  type SequentialModel,
  type UnknownOutput,
  unknownOutput,
} from './model.ts'
export {
  casRegisterModel,
  type MutexInput,
  mutexModel,
  type QueueInput,
  queueModel,
  type RegisterInput,
  registerModel,
  type SetInput,
  setModel,
} from './models.ts'
export { pointsOf, replay } from './order.ts'
export { type PageOptions, renderHistory } from './page/index.ts'
