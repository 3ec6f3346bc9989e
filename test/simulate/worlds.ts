/** Worlds to simulate that are not ours: broken on purpose, one for each bad end, and applications of one's own. Each is a module for `--with`. */
import { type AnyStateMachine, createMachine } from 'xstate'
import type { SimulationOptions } from '../../proof/simulate/index.ts'
import { keyValueWorkload } from '../../proof/simulate/index.ts'

/** Executes and answers before the backup has acknowledged: breaks safety. */
export const hasty: SimulationOptions = {
  charts: {
    server: (machine: AnyStateMachine) => machine.provide({ guards: { isAlone: () => true } } as never),
  },
}

/** Hears no request: breaks liveness. */
export const deaf: SimulationOptions = {
  network: (inner) => ({
    ...inner,
    send: (envelope) => {
      if (envelope.message.type !== 'request') inner.send(envelope)
    },
  }),
}

/** A chart that throws when it adopts a view: crashes. */
export const throwing: SimulationOptions = {
  charts: {
    server: (machine: AnyStateMachine) =>
      createMachine(
        machine.config as never,
        {
          ...machine.implementations,
          guards: {
            ...machine.implementations.guards,
            namesMeBackup: () => {
              throw new Error('a guard that throws')
            },
          },
        } as never,
      ),
  },
}

/** Forgets every second value that is put: the history shows it. */
export const forgetful: SimulationOptions = {
  workload: {
    ...keyValueWorkload,
    application: {
      ...keyValueWorkload.application,
      execute: (state, command) =>
        command.op === 'put' && Number.parseInt(String(command.value), 10) % 2 === 0
          ? [state, null]
          : keyValueWorkload.application.execute(state, command),
    },
  },
}
