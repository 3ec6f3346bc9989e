/** The store in memory, and the simulated disk of the tests, keep the contract of server stores. */

import { schedulerClock, seededRandom } from '../../runtime/schedulers.ts'
import { createMemoryStore } from '../../runtime/store/memory-store.ts'
import { serverStoreContract } from './server-store.contract.ts'
import { createSimulatedDisk } from './simulated-disk.ts'

serverStoreContract('memory', () => {
  const store = createMemoryStore()
  return { open: async () => store, close: async () => {} }
})

serverStoreContract('a simulated disk', () => {
  const clock = schedulerClock()
  const random = seededRandom(7)
  const { store } = createSimulatedDisk({ clock, random, writeMsMax: 2 })
  return { open: async () => store, close: async () => {} }
})
