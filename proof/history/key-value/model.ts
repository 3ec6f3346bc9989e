// The sequential key-value store that histories are judged by: put, append, get, delete, compareAndSet.

import type { KeyValueInput, Operation } from '../history.ts'
import { canonicalJson, type Json, sameJson } from '../json.ts'
import {
  type Effect,
  type RecordedCall,
  type SequentialModel,
  type UnknownOutput,
  unknownOutput,
} from '../model.ts'
import { shorten, spellOut } from '../text.ts'
import { compileKeyValue } from './compile.ts'

/**
 * A key-value store, judged key by key; the state is the value of one key, null while the key is missing.
 *
 * - `put` writes any JSON value, `delete` removes the key; both are accepted always, and their outputs not looked at.
 *   A put of null is a delete.
 * - `get` gives the value, or null.
 * - `append` adds to a text, creates a missing key, and is refused for other values. It gives the new text; an output of
 *   null means that it was acknowledged without saying more.
 * - `compareAndSet` writes `value` and gives true where the value equals `expected` (null: missing); else it changes
 *   nothing and gives false. An output of null means that it was acknowledged without saying more.
 */
export const keyValueModel: SequentialModel<Json, KeyValueInput, Json> = {
  name: 'key-value store',
  initial: null,
  step: stepKeyValue,
  key: canonicalJson,
  partition: partitionByKey,
  effect: effectOf,
  describe: describeOperation,
  describeState: (value) => (value === null ? 'no value' : brief(value)),
  compile: (operations) => compileKeyValue(operations as readonly Operation[]),
}

function stepKeyValue(
  value: Json,
  input: KeyValueInput,
  output: Json | UnknownOutput,
): readonly Json[] | null {
  const isUnknown = output === unknownOutput || output === null || output === undefined
  switch (input.op) {
    case 'put':
      return [input.value]
    case 'delete':
      return [null]
    case 'get':
      return output === unknownOutput || sameJson(output, value) ? [value] : null
    case 'append': {
      if (value !== null && typeof value !== 'string') return null
      const longer = (value ?? '') + input.value
      return isUnknown || output === longer ? [longer] : null
    }
    case 'compareAndSet': {
      const matches = sameJson(value, input.expected)
      return isUnknown || output === matches ? [matches ? input.value : value] : null
    }
  }
}

function partitionByKey<Op extends RecordedCall<KeyValueInput, Json>>(
  operations: readonly Op[],
): ReadonlyMap<string, Op[]> {
  const parts = new Map<string, Op[]>()
  for (const operation of operations) {
    const part = parts.get(operation.key)
    if (part === undefined) parts.set(operation.key, [operation])
    else part.push(operation)
  }
  return parts
}

function effectOf(input: KeyValueInput, output: Json | UnknownOutput): Effect {
  switch (input.op) {
    case 'get':
      return 'reads'
    case 'put':
    case 'delete':
      return 'overwrites'
    case 'append':
      return 'guarded'
    case 'compareAndSet':
      return output === false ? 'reads' : 'guarded'
  }
}

function describeOperation(input: KeyValueInput, output: Json | UnknownOutput): string {
  const key = brief(input.key)
  const answer = output === unknownOutput ? 'no answer' : describeOutput(input, output)
  switch (input.op) {
    case 'get':
    case 'delete':
      return `${input.op} ${key} -> ${answer}`
    case 'put':
    case 'append':
      return `${input.op} ${key} ${brief(input.value)} -> ${answer}`
    case 'compareAndSet': {
      const values = [input.expected, input.value].map((value) => brief(value))
      return `compareAndSet ${key} ${values.join(' to ')} -> ${answer}`
    }
  }
}

function describeOutput(input: KeyValueInput, output: Json): string {
  if (input.op === 'get') return output === null ? 'no value' : brief(output)
  return output === null || output === undefined || input.op === 'put' || input.op === 'delete'
    ? 'done'
    : brief(output)
}

function brief(value: Json): string {
  return spellOut(shorten(canonicalJson(value), 48))
}
