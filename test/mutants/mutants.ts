/** Broken protocols: our own charts with one guard, action or state out of order. Each must be caught; a check that lets one live is no check. */
import type { Mutant } from './changes.ts'
import { clientMutants } from './client-mutants.ts'
import { serverMutants } from './server-mutants.ts'
import { transferMutants } from './transfer-mutants.ts'
import { viewServiceMutants } from './view-service-mutants.ts'

export const mutants: readonly Mutant[] = [
  ...viewServiceMutants,
  ...serverMutants,
  ...transferMutants,
  ...clientMutants,
]
