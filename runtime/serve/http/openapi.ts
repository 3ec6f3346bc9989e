/** The OpenAPI document of a list of routes: made of the schemas by which requests are checked. */
import { createRequire } from 'node:module'
import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { type FailureCode, failures, type Problem } from './problem.ts'
import { type Answer, type Fields, failuresOf, type Route } from './route.ts'

const { version } = createRequire(import.meta.url)('standby/package.json') as { version: string }

const problem = v.object({
  title: v.string(),
  status: v.number(),
  detail: v.string(),
  code: v.picklist(Object.keys(failures) as FailureCode[]),
  mayHaveExecuted: v.pipe(
    v.boolean(),
    v.description('Whether the operation may have taken effect, or may yet.'),
  ),
}) satisfies v.GenericSchema<Problem, Problem>

/** OpenAPI 3.1. `title` and `description` are those of the API as a whole. */
export function openApiOf(
  routes: readonly Route[],
  about: { readonly title: string; readonly description: string },
) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] ??= {}
    paths[path][route.method.toLowerCase()] = operationOf(route)
  }
  return {
    openapi: '3.1.0',
    info: { ...about, version, license: { name: 'MIT', identifier: 'MIT' } },
    security: [{}, { token: [] }],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problem) },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function operationOf(route: Route): object {
  const { id, summary, open, path, query, headers, body, answers } = route
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!)
  const parameters = [
    ...names.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
      description: 'Percent-encoded UTF-8; `.` and `..` are ordinary names.',
    })),
    ...parametersOf('query', query),
    ...parametersOf('header', headers),
  ]
  return {
    operationId: id,
    summary,
    ...(open && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: true,
        description: body.description,
        content: { 'application/json': { schema: jsonSchema(body.schema) } },
      },
    }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)])),
      ...failureResponses(route),
    },
  }
}

function parametersOf(place: 'query' | 'header', fields: Fields = {}): readonly object[] {
  return Object.entries(fields).map(([name, { schema, description }]) => ({
    name,
    in: place,
    required: false,
    description,
    schema: jsonSchema(schema),
  }))
}

function responseOf({ description, schema, type = 'application/json' }: Answer): object {
  return { description, ...(schema && { content: { [type]: { schema: jsonSchema(schema) } } }) }
}

/** One response for each status, with the codes that it may have. */
function failureResponses(route: Route): Record<string, object> {
  const byStatus = new Map<number, FailureCode[]>()
  for (const code of failuresOf(route)) {
    const { status } = failures[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${failures[code].meaning}.`).join(' '),
        content: {
          'application/problem+json': {
            schema: {
              allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: codes } } }],
            },
          },
        },
      },
    ]),
  )
}

function jsonSchema(schema: v.GenericSchema): object {
  const { $schema: _, ...own } = toJsonSchema(schema, { target: 'draft-2020-12', errorMode: 'ignore' })
  return own
}
