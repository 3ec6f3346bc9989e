/** A line of a table of results. */
export interface Row {
  readonly what: string
  readonly result: string
  readonly seconds: number
  readonly ok: boolean
}

/** Numbers as people read them. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}
