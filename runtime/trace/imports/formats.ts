/** The formats of other tools, each known by how a text of it begins. */
import type { ForeignFormat } from './foreign-run.ts'
import { isItf, readItf } from './itf.ts'
import { isLog, readShiviz } from './shiviz.ts'

/** In the order in which they are asked. */
export const foreignFormats: readonly ForeignFormat[] = [
  { id: 'itf', title: 'ITF trace of Apalache or Quint', joins: false, recognises: isItf, read: readItf },
  { id: 'log', title: 'log for ShiViz or of GoVector', joins: true, recognises: isLog, read: readShiviz },
]
