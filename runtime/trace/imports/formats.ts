/** The formats of other tools that the page opens, each known by how a text of it begins. */
import type { ForeignFormat } from './foreign-run.ts'
import { isItf, readItf } from './itf.ts'
import {
  isMachineJson,
  isMachineSource,
  isScxml,
  readMachineJson,
  readMachineSource,
  readScxml,
} from './machine.ts'
import { isLog, readShiviz } from './shiviz.ts'
import { isStatelyEvents, readStatelyEvents } from './stately-events.ts'

/** In the order in which they are asked. */
export const foreignFormats: readonly ForeignFormat[] = [
  {
    id: 'stately',
    title: 'events of @statelyai/inspect',
    joins: true,
    recognises: isStatelyEvents,
    read: readStatelyEvents,
  },
  { id: 'itf', title: 'ITF trace of Apalache or Quint', joins: false, recognises: isItf, read: readItf },
  {
    id: 'machine',
    title: 'machine of XState as JSON',
    joins: true,
    recognises: isMachineJson,
    read: readMachineJson,
  },
  { id: 'scxml', title: 'SCXML document', joins: true, recognises: isScxml, read: readScxml },
  { id: 'log', title: 'log for ShiViz or of GoVector', joins: true, recognises: isLog, read: readShiviz },
  {
    id: 'source',
    title: 'source with createMachine',
    joins: true,
    recognises: isMachineSource,
    read: readMachineSource,
  },
]
