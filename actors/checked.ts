/** A value from outside is taken if its schema accepts it, and refused by the option's name if not. */
import * as v from 'valibot'
import { StandbyError } from './errors.ts'
import { unknownOption } from './known-options.ts'

/**
 * The value, if `schema` accepts it.
 * @throws StandbyError `invalidOption`, naming the option, what was expected and what was given.
 */
export function checked<Schema extends v.GenericSchema>(
  where: string,
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const { success, output, issues } = v.safeParse(schema, value)
  if (success) return output
  const [issue] = issues
  const path = issue.path ? `.${v.getDotPath(issue)}` : ''
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const keys = issue.path!.map(({ key }) => String(key))
    throw unknownOption(`${where}${path}`, keys.at(-1)!, namesAt(schema, keys.slice(0, -1)))
  }
  throw new StandbyError(
    'invalidOption',
    `${where}${path}: ${issue.message}, got ${shown(issue.input)}; change it, or leave it out for its default`,
  )
}

/** The names of the options that a schema has at a path. */
function namesAt(schema: unknown, path: readonly string[]): readonly string[] {
  let at = schema as { wrapped?: unknown; pipe?: readonly unknown[]; item?: unknown; entries?: object }
  const open = () => {
    while (at.wrapped !== undefined || at.pipe !== undefined) at = (at.wrapped ?? at.pipe![0]) as typeof at
  }
  open()
  for (const key of path) {
    at = (at.item ?? (at.entries as Record<string, unknown> | undefined)?.[key] ?? {}) as typeof at
    open()
  }
  return Object.keys(at.entries ?? {})
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
