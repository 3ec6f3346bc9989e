/** A statechart's config, as `createMachine` takes it: what the readers of charts make. */
export type MachineConfig = Readonly<Record<string, unknown>>
