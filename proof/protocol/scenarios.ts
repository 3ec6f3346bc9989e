/** The scenarios that ship with the checker, by name. What each shows stands beside it, and how many states it has where they can be exhausted. */
import type { KeyValueCommand } from '../../machines/application/key-value-store.ts'
import type { ServerContext } from '../../machines/server/context.ts'
import type { ViewServiceContext } from '../../machines/view-service.ts'
import { type CheckedSystem, type Goal, type SystemView, sometimes } from '../check/system.ts'
import { acknowledgedView, standbySystem } from './standby-system.ts'

export interface Scenario {
  readonly name: string
  /** One sentence: what may happen, and what is to be seen. */
  readonly about: string
  readonly system: () => CheckedSystem
  /** How many states there are, where a search by default options exhausts them in reasonable time. */
  readonly states?: number
}

const put = (value: string): KeyValueCommand => ({ op: 'put', key: 'a', value })
const append = (value: string): KeyValueCommand => ({ op: 'append', key: 'a', value })
const get: KeyValueCommand = { op: 'get', key: 'a' }
const viewService = 'view-service'

export const scenarios: readonly Scenario[] = [
  {
    name: 'view-service-alone',
    about:
      'The view service and three servers that do nothing but ping, with stray pings of all kinds; up to five views.',
    system: () => ({
      ...standbySystem({ servers: 3, clients: [], viewsMax: 5 }),
      goals: [{ ...acknowledgedView(viewService, 4), promised: false }],
    }),
  },
  {
    name: 'view-service-two-servers',
    about: 'The view service and two servers, up to three views: small enough to be exhausted.',
    states: 2_989,
    system: () => ({
      ...standbySystem({ servers: 2, clients: [], viewsMax: 3 }),
      goals: [{ ...acknowledgedView(viewService, 2), promised: false }],
    }),
  },
  {
    name: 'view-service-two-views',
    about: 'The view service and three servers, up to two views: small enough to be exhausted.',
    states: 23_434,
    system: () => ({
      ...standbySystem({ servers: 3, clients: [], viewsMax: 2 }),
      goals: [{ ...acknowledgedView(viewService, 2), promised: false }],
    }),
  },
  {
    name: 'one-server',
    about: 'One client and one server: a put and a get, with any message lost, late or repeated.',
    states: 128,
    system: () => standbySystem({ servers: 1, clients: [[put('x'), get]], viewsMax: 2 }),
  },
  {
    name: 'two-servers',
    about:
      'One client and two servers, from the very start: a backup may be suspected, dropped and appointed again.',
    states: 3_146_060,
    system: () => standbySystem({ servers: 2, clients: [[put('x'), get]], viewsMax: 3 }),
  },
  {
    name: 'two-servers-two-views',
    about:
      'One client and two servers from the very start, up to two views: a backup is appointed and gets the state.',
    states: 64_454,
    system: () => standbySystem({ servers: 2, clients: [[put('x'), get]], viewsMax: 2 }),
  },
  {
    name: 'two-appends',
    about: 'Two clients append to one key while the backup comes and goes.',
    states: 3_951_609,
    system: () =>
      standbySystem({
        servers: 2,
        clients: [[append('x')], [append('y')]],
        viewsMax: 3,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'two-appends-two-views',
    about: 'Two clients append to one key, up to two views: small enough to be exhausted.',
    states: 7_929,
    system: () =>
      standbySystem({
        servers: 2,
        clients: [[append('x')], [append('y')]],
        viewsMax: 2,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'writes-visible',
    about:
      "One client writes, another reads twice: what was read once is never unread, across the backup's promotion.",
    system: () =>
      standbySystem({
        servers: 2,
        clients: [[put('x')], [get, get]],
        viewsMax: 3,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'writes-visible-two-views',
    about: 'One client writes, another reads twice, up to two views: small enough to be exhausted.',
    states: 18_279,
    system: () =>
      standbySystem({
        servers: 2,
        clients: [[put('x')], [get, get]],
        viewsMax: 2,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'failure-to-backup',
    about:
      'The primary may crash at any moment, or only be suspected; the backup takes over and the client is answered.',
    states: 96_885,
    system: () =>
      standbySystem({
        servers: 2,
        clients: [[append('x'), get]],
        viewsMax: 3,
        crashes: 1,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'three-servers',
    about:
      'Three servers, two clients with one command each, a crash and any false suspicion, up to four views.',
    system: () =>
      standbySystem({
        servers: 3,
        clients: [[append('x')], [get]],
        viewsMax: 4,
        crashes: 1,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'three-servers-two-views',
    about: 'Three servers, two clients and a crash, up to two views: small enough to be exhausted.',
    states: 214_052,
    system: () =>
      standbySystem({
        servers: 3,
        clients: [[append('x')], [get]],
        viewsMax: 2,
        crashes: 1,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'three-servers-one-client',
    about:
      'Three servers, one client, a crash and any false suspicion, up to three views: exhausted in seconds.',
    states: 2_270_219,
    system: () =>
      standbySystem({
        servers: 3,
        clients: [[append('x')]],
        viewsMax: 3,
        crashes: 1,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'three-servers-four-commands',
    about:
      'Three servers, two clients with two commands each, a crash and any false suspicion, up to four views.',
    system: () =>
      standbySystem({
        servers: 3,
        clients: [
          [append('x'), get],
          [append('y'), get],
        ],
        viewsMax: 4,
        crashes: 1,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'double-failure-and-return',
    about: 'Primary and backup may both crash; one comes back empty. No server invents an answer.',
    system: () =>
      standbySystem({
        servers: 2,
        clients: [[put('x'), get]],
        viewsMax: 4,
        crashes: 2,
        restarts: 1,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'double-failure-three-views',
    about:
      'Primary and backup may both crash and one comes back empty, up to three views: exhausted in seconds.',
    states: 650_324,
    system: () =>
      standbySystem({
        servers: 2,
        clients: [[put('x')]],
        viewsMax: 3,
        crashes: 2,
        restarts: 1,
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'deposed-primary',
    about:
      'The primary is deposed without noticing; a client that still believes in it reads, another writes to the new one.',
    system: () => {
      const system = standbySystem({
        servers: 3,
        clients: [[get], [put('x'), get]],
        viewsMax: 3,
        crashes: 1,
        begin: [acknowledgedView(viewService, 2)],
      })
      return { ...system, goals: [...(system.goals ?? []), deposedPrimaryIsAsked] }
    },
  },
  {
    name: 'deposed-primary-one-client',
    about: 'Two servers, the primary deposed without a crash, one client: small enough to be exhausted.',
    states: 30_339,
    system: () => {
      const system = standbySystem({
        servers: 2,
        clients: [[put('x'), get]],
        viewsMax: 3,
        begin: [acknowledgedView(viewService, 2)],
      })
      return { ...system, goals: [...(system.goals ?? []), deposedPrimaryIsAsked] }
    },
  },
  {
    name: 'deposed-primary-two-servers',
    about:
      'Two servers, the primary deposed without a crash, one client reads and one writes: exhausted in seconds.',
    states: 3_951_609,
    system: () => {
      const system = standbySystem({
        servers: 2,
        clients: [[get], [put('x')]],
        viewsMax: 3,
        begin: [acknowledgedView(viewService, 2)],
      })
      return { ...system, goals: [...(system.goals ?? []), deposedPrimaryIsAsked] }
    },
  },
  {
    name: 'transfer-against-everything',
    about:
      'A state of several pieces on its way to a backup, against requests, crashes, suspicion and every other order.',
    system: () =>
      standbySystem({
        servers: 3,
        clients: [[put('x'), append('y')]],
        viewsMax: 4,
        crashes: 1,
        serverOptions: { transferBytesMax: 1 },
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
  {
    name: 'transfer-two-servers',
    about: 'A state of several pieces between two servers, a crash, up to four views: exhausted in seconds.',
    states: 1_124_295,
    system: () =>
      standbySystem({
        servers: 2,
        clients: [[put('x')]],
        viewsMax: 4,
        crashes: 1,
        serverOptions: { transferBytesMax: 1 },
        begin: [acknowledgedView(viewService, 2)],
      }),
  },
]

/** A server that is no longer primary in the newest view, and still believes it is, has been asked. */
const deposedPrimaryIsAsked: Goal = sometimes('a deposed primary has forwarded a command in vain', (system) =>
  system.ids.some((id) => /^s\d/.test(id) && isDeposed(system, id)),
)

function isDeposed(system: SystemView, id: string): boolean {
  const { view } = system.node(viewService).snapshot.context as ViewServiceContext
  const server = system.node(id).snapshot.context as ServerContext
  return server.outstanding !== null && view.number > server.view.number && view.primary !== id
}

/** The scenario of this name. @throws RangeError that lists the names. */
export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (found !== undefined) return found
  throw new RangeError(
    `expected one of the scenarios ${scenarios.map((scenario) => scenario.name).join(', ')}; got ${name}`,
  )
}

/** The system of the scenario of this name, for threads that cannot be sent one. */
export function systemOfScenario(name: string): CheckedSystem {
  return scenarioNamed(name).system()
}
