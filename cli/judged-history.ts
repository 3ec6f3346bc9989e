/** What `standby judge` reads: a history for the model that it is judged by, and the model. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { findOverlap, HistoryError, parseHistory } from '../proof/history/history.ts'
import { parseJepsen } from '../proof/history/jepsen.ts'
import { keyValueModel } from '../proof/history/key-value/model.ts'
import type { RecordedCall, SequentialModel } from '../proof/history/model.ts'
import { models } from '../proof/history/models.ts'
import { loadModule } from '../runtime/load-module.ts'
import { allFormats } from '../runtime/trace/imports/all-formats.ts'
import { type ForeignFormat, headerFor } from '../runtime/trace/imports/foreign-run.ts'
import { matchesIn } from '../runtime/trace/imports/log-matches.ts'
import { headLength, recognise } from '../runtime/trace/imports/recognise.ts'
import { readTrace } from '../runtime/trace/read.ts'
import { readInput } from './input.ts'

/** A model of any object. */
export type AnyModel = SequentialModel<never, object, unknown>
/** An operation on any object. */
export type AnyOperation = RecordedCall<object, unknown>

/** The history in a file; the command ends if there is none. */
export async function readHistory(
  file: string,
  model: string,
  command: Command,
): Promise<readonly AnyOperation[]> {
  try {
    const text = readInput(file)
    if (model === 'key-value') return await keyValueHistoryIn(file, text)
    return isEdn(text) ? parseJepsen(text).operations : operationsIn(text)
  } catch (error) {
    if (error instanceof TypeError || error instanceof ReferenceError) throw error
    return command.error(`error: ${file}: ${(error as Error).message}`)
  }
}

function isEdn(text: string): boolean {
  return /^\s*(?:;[^\n]*\n\s*)*[[{]\s*[{:#]/.test(text) && !/^\s*\{\s*"/.test(text)
}

/** JSON lines of operations, or the calls of a run: a history of Jepsen, or a trace of ours. */
async function keyValueHistoryIn(file: string, text: string): Promise<ReturnType<typeof parseHistory>> {
  const format = recognise(text.slice(0, headLength), allFormats)
  if (format === null) return parseHistory(text)
  const { createRun } = await import('../inspector/model/run.ts')
  const { historyOf } = await import('../inspector/model/operations.ts')
  const { header, steps } =
    format === 'trace' ? readTrace(text, { partial: true }) : await foreign(format, file, text)
  const run = createRun(header, { stepsMax: Number.POSITIVE_INFINITY })
  run.append(steps)
  const history = historyOf(run)
  if (history !== null) return history
  throw new Error('expected calls of a key-value store in the run, got none or others')
}

async function foreign(format: ForeignFormat, name: string, text: string) {
  const run = await format.read([{ name, text }], { match: matchesIn })
  return { header: headerFor(run), steps: [...run.steps] }
}

/** JSON lines of operations of any model. */
function operationsIn(text: string): AnyOperation[] {
  const operations = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    let operation: unknown
    try {
      operation = JSON.parse(line)
    } catch (cause) {
      throw new HistoryError(
        'invalidLine',
        index + 1,
        `line ${index + 1}: expected one JSON object a line`,
        cause,
      )
    }
    const { client, call, return: returned } = (operation ?? {}) as Partial<AnyOperation>
    const isWhole =
      (typeof client === 'string' || typeof client === 'number') &&
      Number.isSafeInteger(call) &&
      (returned === null || Number.isSafeInteger(returned))
    if (!isWhole)
      throw new HistoryError(
        'invalidLine',
        index + 1,
        `line ${index + 1}: expected client, call and return, got ${line.slice(0, 100)}; call and return are numbers of one event counter, return is null for no answer`,
      )
    return [{ ...(operation as AnyOperation), output: (operation as AnyOperation).output ?? null }]
  })
  const overlap = findOverlap(operations)
  if (overlap !== null)
    throw new HistoryError(
      'invalidTime',
      overlap.index + 1,
      overlap.message(operations.map((_, index) => index + 1)),
    )
  return operations
}

/** The model of this name, or that a module exports; the command ends if there is none. */
export async function modelOf(
  name: string,
  { initial }: { readonly initial?: string },
  command: Command,
): Promise<AnyModel> {
  const state = initialOf(initial, command)
  if (name === 'key-value') {
    if (initial !== undefined)
      return command.error("error: option '--initial <json>' expected another --model than key-value")
    return keyValueModel as unknown as AnyModel
  }
  if (Object.hasOwn(models, name))
    return models[name as keyof typeof models](state as never) as unknown as AnyModel
  let module: Record<string, unknown>
  try {
    module = await loadModule(pathToFileURL(resolve(name)).href)
  } catch (error) {
    return command.error(
      `error: option '--model <model>' expected ${Object.keys(models).join(', ')} or a module, got ${name}: ${(error as Error).message}`,
    )
  }
  const model = module.default as Partial<AnyModel> | undefined
  if (typeof model?.step !== 'function' || typeof model.key !== 'function')
    return command.error(
      `error: option '--model <model>' expected a module whose default export is a model with step and key, got ${name}`,
    )
  return { ...model, ...(initial === undefined ? {} : { initial: state }) } as AnyModel
}

function initialOf(initial: string | undefined, command: Command): unknown {
  try {
    return initial === undefined ? undefined : JSON.parse(initial)
  } catch {
    return command.error(`error: option '--initial <json>' expected JSON, got ${initial}`)
  }
}
