/** An application over HTTP: its commands, a route for each command of the key-value store, and sessions in which a retry is safe. */
import * as v from 'valibot'
import type { Client } from '../../../actors/client.ts'
import { StandbyError } from '../../../actors/errors.ts'
import type { Json } from '../../../machines/application/application.ts'
import { type KeyValueCommand, keyValueStore } from '../../../machines/application/key-value-store.ts'
import type { AnyApplication } from '../config/application.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { HttpSessions } from './http-sessions.ts'
import { openApiOf } from './openapi.ts'
import { type FailureCode, failures, HttpError } from './problem.ts'
import { anyJson, type Fields, type Route, type RouteReply, type RouteRequest } from './route.ts'

const timeoutDefaultMs = 10_000
const timeoutMaxMs = 60_000
const timeoutText = `expected milliseconds from 1 to ${timeoutMaxMs}`
const sequenceText = 'expected a whole number from 1 on'

const query: Fields = {
  timeoutMs: {
    schema: v.pipe(
      v.number(timeoutText),
      v.integer(timeoutText),
      v.minValue(1, timeoutText),
      v.maxValue(timeoutMaxMs, timeoutText),
    ),
    isNumber: true,
    description: `How long to wait for the answer, in milliseconds; default ${timeoutDefaultMs}.`,
  },
}
const sessionFields: Fields = {
  'standby-session': {
    schema: v.pipe(v.string(), v.maxLength(100, 'expected a session as POST /v1/sessions gives it')),
    description:
      'What POST /v1/sessions gave. With it, an operation takes effect at most once, however often and at whichever gateway it is asked for.',
  },
  'standby-sequence': {
    schema: v.pipe(
      v.number(sequenceText),
      v.integer(sequenceText),
      v.minValue(1, sequenceText),
      v.maxValue(Number.MAX_SAFE_INTEGER - 1, sequenceText),
    ),
    isNumber: true,
    description:
      'The number of the operation in its session: 1, then one more for each new operation; the same for a retry.',
  },
}

/** How an operation may fail, in addition to what any route may answer. */
const operationFailures: readonly FailureCode[] = [
  'invalidCommand',
  'staleSequence',
  'sequenceReused',
  'sessionExpired',
  'applicationError',
  'replicaDiverged',
  'overloaded',
  'stopped',
  'timedOut',
]

/** Runs a command as its headers say. */
type Run = (request: RouteRequest, command: Json) => Promise<Json>
/** What all operations have in common. */
type Operation = Pick<Route, 'query' | 'headers' | 'failures'>

const operation: Operation = { query, headers: sessionFields, failures: operationFailures }

/** What the routes need of a gateway. */
export interface Gateway {
  readonly application: AnyApplication
  /** For operations without a session. */
  readonly client: Client<Json, Json>
  readonly sessions: Pick<HttpSessions, 'open' | 'execute'>
  isDraining(): boolean
  /** Whether this caller may open another session now. */
  mayOpen(caller: string): boolean
}

/** The routes of a gateway; `others` are documented with them. */
export function gatewayRoutes(
  gateway: Gateway,
  metrics: Metrics,
  others: readonly Route[] = [],
): readonly Route[] {
  const { application } = gateway
  const isKeyValueStore = application === keyValueStore
  /** Counts how the operation ended. */
  const run: Run = async (request, command) => {
    const wrong = application.validate?.(command) ?? null
    if (wrong !== null) throw new HttpError('invalidCommand', wrong)
    const begun = performance.now()
    let code = 'ok'
    try {
      return await execute(gateway, request, command)
    } catch (error) {
      const known = httpError(error)
      code = known instanceof HttpError ? known.code : 'internal'
      throw known
    } finally {
      // The commands of another application may have any number of names, and labels must be few.
      const op = isKeyValueStore ? (command as KeyValueCommand).op : 'command'
      metrics.operation(op, code, (performance.now() - begun) / 1000)
    }
  }
  const own: readonly Route[] = [
    ...(isKeyValueStore ? keyRoutes(run) : []),
    {
      ...operation,
      method: 'POST',
      path: '/v1/commands',
      id: 'execute',
      summary: 'Executes a command of the application.',
      body: { description: 'A command, as JSON.', schema: anyJson },
      answers: { 200: executed('The result of the command.', v.unknown()) },
      handle: async (request) => result(await run(request, request.body)),
    },
    {
      method: 'POST',
      path: '/v1/sessions',
      id: 'openSession',
      summary: 'Opens a session, in which operations are numbered.',
      query,
      answers: { 201: { description: 'Opened.', schema: v.object({ session: v.string() }) } },
      failures: ['tooManySessions', 'stopped', 'timedOut', 'replicaDiverged', 'overloaded'],
      async handle(request) {
        refuseWhenLeaving(gateway)
        if (!gateway.mayOpen(request.caller))
          throw new HttpError(
            'tooManySessions',
            'expected fewer new sessions from this address; use one for many operations',
          )
        try {
          return { status: 201, body: { session: await gateway.sessions.open(timeoutOf(request)) } }
        } catch (error) {
          throw httpError(error)
        }
      },
    },
  ]
  return [...own, documentRoute(application.name, isKeyValueStore, [...own, ...others])]
}

function documentRoute(name: string, isKeyValueStore: boolean, routes: readonly Route[]): Route {
  const what = isKeyValueStore ? 'A replicated key-value store' : `The replicated application ${name}`
  const description = `${what}. Every answer, reads included, was agreed on by primary and backup. Without a session a request is executed at most once, but a retry is another request.`
  const route: Route = {
    method: 'GET',
    path: '/openapi.json',
    id: 'openApi',
    summary: 'This document.',
    open: true,
    answers: { 200: { description: 'An OpenAPI document.' } },
    handle: () => ({ status: 200, body: document }),
  }
  const document = openApiOf([...routes, route], { title: 'standby client gateway', description })
  return route
}

function keyRoutes(run: Run): readonly Route[] {
  const key = (request: RouteRequest) => request.params.key!
  const path = '/v1/keys/:key'
  return [
    {
      ...operation,
      method: 'GET',
      path,
      id: 'get',
      summary: 'The value under the key.',
      answers: { 200: executed('The value, which may be null.', v.unknown()) },
      failures: [...operationFailures, 'keyNotFound'],
      async handle(request) {
        const entry = (await run(request, { op: 'get', key: key(request), entry: true })) as {
          value: Json
        } | null
        if (entry === null) throw new HttpError('keyNotFound', 'there is nothing under this key')
        return result(entry.value)
      },
    },
    {
      ...operation,
      method: 'PUT',
      path,
      id: 'put',
      summary: 'Sets the value under the key.',
      body: { description: 'The value: any JSON.', schema: anyJson },
      answers: { 200: executed('Set.', v.null()) },
      handle: async (request) =>
        result(await run(request, { op: 'put', key: key(request), value: request.body })),
    },
    {
      ...operation,
      method: 'DELETE',
      path,
      id: 'delete',
      summary: 'Removes the key.',
      answers: { 200: executed('Whether there was something to remove.', v.boolean()) },
      handle: async (request) => result(await run(request, { op: 'delete', key: key(request) })),
    },
    {
      ...operation,
      method: 'POST',
      path: `${path}/append`,
      id: 'append',
      summary: 'Appends to the string under the key.',
      body: {
        description: 'What to append.',
        schema: v.strictObject({ value: v.string('expected a string') }, onlyText('value')),
      },
      answers: { 200: executed('The new length, in UTF-16 code units.', v.number()) },
      handle: async (request) =>
        result(await run(request, { op: 'append', key: key(request), value: request.body.value })),
    },
    {
      ...operation,
      method: 'POST',
      path: `${path}/compare-and-set`,
      id: 'compareAndSet',
      summary: 'Sets the value if the present one equals `expected`; null stands for an absent key.',
      body: {
        description: 'What the value is compared with, and what it becomes.',
        schema: v.strictObject({ expected: anyJson, value: anyJson }, onlyText('expected and value')),
      },
      answers: { 200: executed('Whether it was set.', v.boolean()) },
      async handle(request) {
        const { expected, value } = request.body
        return result(await run(request, { op: 'compareAndSet', key: key(request), expected, value }))
      },
    },
  ]
}

function onlyText(names: string): string {
  return `expected an object with ${names}, and nothing else`
}

function executed(description: string, schema: v.GenericSchema) {
  return { description, schema: v.object({ result: schema }) }
}

function result(value: Json): RouteReply {
  return { status: 200, body: { result: value } }
}

function execute(gateway: Gateway, request: RouteRequest, command: Json): Promise<Json> {
  refuseWhenLeaving(gateway)
  const { signal, fields } = request
  const { 'standby-session': session, 'standby-sequence': sequence } = fields
  const timeoutMs = timeoutOf(request)
  if (session === undefined && sequence === undefined)
    return gateway.client.execute(command, { timeoutMs, signal })
  if (session === undefined || sequence === undefined) {
    const what = 'expected both Standby-Session and Standby-Sequence, got one of them; give both or neither'
    throw new HttpError('invalidRequest', what)
  }
  return gateway.sessions.execute(session, sequence, command, { timeoutMs, signal })
}

function refuseWhenLeaving(gateway: Gateway): void {
  if (gateway.isDraining())
    throw new HttpError('stopped', 'this gateway is leaving; ask another one', { headers: {} })
}

function timeoutOf({ query: { timeoutMs = timeoutDefaultMs } }: RouteRequest): number {
  return timeoutMs
}

/** The library's error as one of HTTP; any other stays what it is, and is answered 500. */
function httpError(error: unknown): unknown {
  if (!(error instanceof StandbyError) || !Object.hasOwn(failures, error.code)) return error
  const { code, message, mayHaveExecuted } = error
  return new HttpError(code as FailureCode, message, { mayHaveExecuted, cause: error })
}
