/**
 * Families of faults: what strikes together in one round. Of that only the first may take a server's state, for two hold it;
 * and a primary that is asked to leave does so alone, for it waits until its backup has everything.
 */
import type { Random } from '../../../actors/ports.ts'
import type { BrokenChartsName } from './broken-charts.ts'
import { fullDiskOfServer, fullDiskOfViewService } from './disk-faults.ts'
import {
  cut,
  cutReplies,
  type Fault,
  isolate,
  kill,
  killClients,
  killNats,
  leave,
  nodeNames,
  pause,
} from './faults.ts'

/** Faults of one kind. */
export interface Family {
  readonly name: string
  readonly network: 'tcp' | 'nats'
  /** Everything is logged, to full disks and to pipes that no one reads. */
  readonly hasBrokenLogs?: boolean
  /** Without /dev/full it is left out. */
  readonly needsFullDevice?: boolean
  /** Its servers or clients are broken: a negative control. */
  readonly broken?: BrokenChartsName
  /** After the faults everybody must be answered within it; default 60 s. */
  readonly answeredWithinMs?: number
  /** The faults of one round, which strike together. */
  draw(random: Random): readonly Fault[]
}

const nodes = nodeNames(['s1', 's2', 's3'])
const kills = [
  kill('primary'),
  kill('backup'),
  kill('idle'),
  kill('view-service'),
  kill('gateway'),
  killClients,
]
const pauses = [pause('primary'), pause('backup'), pause('view-service'), pause('idle')]
const leaves = [leave('primary'), leave('backup'), leave('idle'), leave('view-service'), leave('gateway')]
const cuts = [
  cut('primary', 'backup'),
  cut('backup', 'primary'),
  cut('primary', 'view-service'),
  cut('view-service', 'primary'),
  cut('backup', 'view-service'),
  cut('view-service', 'backup'),
  cut('clients', 'primary'),
  cut('clients', 'view-service'),
  cutReplies('primary'),
  isolate('primary', nodes),
  isolate('backup', nodes),
  isolate('view-service', nodes),
]
/** What takes no one's state, so that it may join any other. */
const lights = [...pauses, ...cuts, kill('view-service'), killClients]

const one = (faults: readonly Fault[]) => (random: Random) => [pick(faults, random)]

/** Each is a row of the table. */
export const families: readonly Family[] = [
  { name: 'kills', network: 'tcp', draw: one(kills) },
  { name: 'pauses', network: 'tcp', draw: one(pauses) },
  { name: 'cuts', network: 'tcp', draw: one(cuts) },
  { name: 'leaves', network: 'tcp', draw: one(leaves) },
  {
    name: 'together',
    network: 'tcp',
    draw: (random) => [
      pick([...kills, leave('view-service'), leave('idle'), ...lights], random),
      pick(lights, random),
      ...(random() < 0.5 ? [pick(lights, random)] : []),
    ],
  },
  {
    name: 'full disks',
    network: 'tcp',
    needsFullDevice: true,
    draw: one([fullDiskOfViewService, fullDiskOfServer]),
  },
  {
    name: 'broken logs',
    network: 'tcp',
    hasBrokenLogs: true,
    needsFullDevice: true,
    draw: one([...kills, ...leaves]),
  },
  {
    name: 'nats',
    network: 'nats',
    draw: one([
      killNats,
      killNats,
      kill('primary'),
      kill('backup'),
      kill('view-service'),
      kill('gateway'),
      killClients,
      ...pauses,
    ]),
  },
]

function pick(faults: readonly Fault[], random: Random): Fault {
  return faults[Math.floor(random() * faults.length)]!
}
