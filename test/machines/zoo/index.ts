/** Foreign machines that between them use all that XState's charts can do, for tests of what steps a chart. */
import { actionsAndActors } from './actions-and-actors.ts'
import type { Animal } from './animal.ts'
import { timeAndHistory } from './time-and-history.ts'
import { transitions } from './transitions.ts'

export type { Animal } from './animal.ts'

export const zoo: readonly Animal[] = [...transitions, ...timeAndHistory, ...actionsAndActors]
