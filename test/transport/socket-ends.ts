/** Two ends of a transport between processes, for tests: opened, settled and put away. It asserts nothing. */
import type { MeshOptions, MeshTransport } from '../../runtime/transport/mesh-options.ts'
import type { OpenTransport } from './open-transport.ts'

/** A transport that both ends speak: how one is opened, listening if it says so. */
export type OpenMesh = (options: MeshOptions & { listen?: { port?: number } }) => Promise<MeshTransport>

/** Waits until `isSo`, looking every few milliseconds. */
export async function until(isSo: () => boolean, what: string, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`expected ${what} within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Waits until a count, from 1 on, has stood still for a while. */
export async function untilQuiet(read: () => number, what: string, ms = 10_000): Promise<void> {
  let [last, since] = [0, Date.now()]
  await until(
    () => {
      const now = read()
      if (now !== last) since = Date.now()
      last = now
      return now > 0 && Date.now() - since > 100
    },
    what,
    ms,
  )
}

/** `there` listens and has `b` and `c`; `here` dials it. */
export async function twoEnds(
  open: OpenMesh,
  options: MeshOptions = {},
): Promise<OpenTransport & { here: MeshTransport; there: MeshTransport }> {
  const there = await open({ ...options, listen: {} })
  const directory = { b: there.address!, c: there.address! }
  const here = await open({ ...options, directory })
  return { here, there, settle: () => settled(here, there) }
}

/** Everything sent has arrived, or nothing has moved for a while: then what is missing is lost. */
async function settled(here: MeshTransport, there: MeshTransport): Promise<void> {
  let quietSince = Date.now()
  let before = ''
  for (;;) {
    const [a, b] = [here.counters(), there.counters()]
    const isThere = a.sent + b.sent === a.received + b.received && a.buffered + b.buffered === 0
    const now = JSON.stringify([a, b])
    if (now !== before) quietSince = Date.now()
    before = now
    if (isThere && Date.now() - quietSince > 10) return
    if (Date.now() - quietSince > 300) return
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
