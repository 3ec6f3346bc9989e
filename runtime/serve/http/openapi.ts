/** The gateway's interface as an OpenAPI document, served at /openapi.json. */
import { createRequire } from 'node:module'
import { keyValueStore } from '../../../machines/application/key-value-store.ts'
import type { AnyApplication } from '../config/application.ts'

const { version } = createRequire(import.meta.url)('standby/package.json') as { version: string }

const json = (schema: object) => ({ content: { 'application/json': { schema } } })
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const answer = (description: string, schema: object) => ({ description, ...json(schema) })
const failure = (description: string) => answer(description, reference('Error'))
const result = (schema: object) => ({ type: 'object', required: ['result'], properties: { result: schema } })

const failures = {
  400: failure('The request is none: the message says what was expected.'),
  401: failure('The token is missing or wrong.'),
  409: failure(
    '`sequenceReused`: the number stands for another operation. `staleSequence`: a later one was executed, and this one can have no answer any more. `busy`: the one before has not ended.',
  ),
  410: failure(
    '`sessionExpired`: the servers have forgotten the session. Open another one; whether the operation took effect is not known.',
  ),
  413: failure('The body or the command is too large.'),
  422: failure('`applicationError`: the command was executed, and failed. The state is as before.'),
  500: failure('The replicas disagree and have stopped, or the gateway failed.'),
  503: failure('Overloaded, or about to leave: ask again, or ask another gateway.'),
  504: failure('`timedOut`: no answer in time. With a session, ask again with the same number.'),
}

const parameters = {
  key: {
    name: 'key',
    in: 'path',
    required: true,
    schema: { type: 'string' },
    description: 'Percent-encoded.',
  },
  session: {
    name: 'Standby-Session',
    in: 'header',
    schema: { type: 'string' },
    description:
      'What POST /v1/sessions gave. With it, an operation takes effect at most once, however often it is asked for, at whichever gateway.',
  },
  sequence: {
    name: 'Standby-Sequence',
    in: 'header',
    schema: { type: 'integer', minimum: 1 },
    description:
      'The number of the operation in its session: 1, then one more for each new operation; the same for a retry.',
  },
  timeoutMs: {
    name: 'timeoutMs',
    in: 'query',
    schema: { type: 'integer', minimum: 1, maximum: 60_000, default: 10_000 },
  },
}

function operation(operationId: string, summary: string, schema: object, body?: object) {
  return {
    operationId,
    summary,
    parameters: ['session', 'sequence', 'timeoutMs'].map((name) => ({
      $ref: `#/components/parameters/${name}`,
    })),
    ...(body && { requestBody: { required: true, ...json(body) } }),
    responses: { 200: answer('Executed.', result(schema)), ...failures },
  }
}

const keyParameter = [{ $ref: '#/components/parameters/key' }]
const anyJson = { description: 'Any JSON value.' }
const probe = (summary: string) => ({
  get: { summary, security: [], responses: { 200: { description: 'Yes.' }, 503: { description: 'No.' } } },
})

/** OpenAPI 3.1: of an application of somebody else, whose commands nobody knows here, without the routes of keys. */
export function openApiOf(application: AnyApplication): object {
  if (application === keyValueStore) return openApi
  const paths = Object.entries(openApi.paths).filter(([path]) => !path.startsWith('/v1/keys'))
  const description = openApi.info.description.replace('A replicated key-value store', application.name)
  return { ...openApi, info: { ...openApi.info, description }, paths: Object.fromEntries(paths) }
}

const openApi = {
  openapi: '3.1.0',
  info: {
    title: 'standby client gateway',
    version,
    description:
      'A replicated key-value store. Every answer, reads included, was agreed on by primary and backup. Without a session a request is executed at most once, but a retry is another request.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  security: [{}, { token: [] }],
  paths: {
    '/v1/sessions': {
      post: {
        operationId: 'openSession',
        summary: 'Opens a session, in which operations are numbered.',
        parameters: [{ $ref: '#/components/parameters/timeoutMs' }],
        responses: {
          201: answer('Opened.', {
            type: 'object',
            required: ['session'],
            properties: { session: { type: 'string' } },
          }),
          ...failures,
        },
      },
    },
    '/v1/keys/{key}': {
      parameters: keyParameter,
      get: operation('get', 'The value under the key; null if there is none.', anyJson),
      put: operation('put', 'Sets the value under the key.', { type: 'null' }, anyJson),
      delete: operation('delete', 'Removes the key; whether there was something to remove.', {
        type: 'boolean',
      }),
    },
    '/v1/keys/{key}/append': {
      parameters: keyParameter,
      post: operation(
        'append',
        'Appends to the string under the key; the new length.',
        { type: 'integer' },
        {
          type: 'object',
          required: ['value'],
          properties: { value: { type: 'string' } },
        },
      ),
    },
    '/v1/keys/{key}/compare-and-set': {
      parameters: keyParameter,
      post: operation(
        'compareAndSet',
        'Sets the value if the present one equals `expected`; whether it did.',
        { type: 'boolean' },
        {
          type: 'object',
          required: ['expected', 'value'],
          properties: { expected: anyJson, value: anyJson },
        },
      ),
    },
    '/v1/commands': {
      post: operation('execute', 'Executes a command of the application.', anyJson, anyJson),
    },
    '/healthz': probe('Whether the process lives.'),
    '/readyz': probe('Whether a primary is known.'),
    '/metrics': {
      get: { summary: 'What was counted, for Prometheus.', responses: { 200: { description: 'Text.' } } },
    },
    '/status': {
      get: { summary: 'How the gateway stands.', responses: { 200: { description: 'An object.' } } },
    },
  },
  components: {
    parameters,
    schemas: {
      Error: {
        type: 'object',
        required: ['error'],
        properties: {
          error: {
            type: 'object',
            required: ['code', 'message', 'mayHaveExecuted'],
            properties: {
              code: { type: 'string' },
              message: { type: 'string' },
              mayHaveExecuted: {
                type: 'boolean',
                description: 'Whether the operation may have taken effect, or may yet.',
              },
            },
          },
        },
      },
    },
    securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
  },
} as const
