/** A disk that is full, as the kernel says it is: what a process is about to write its record to leads to /dev/full. */
import { existsSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault } from './faults.ts'
import { viewServiceName } from './system.ts'

/** Whether this machine has such a device. */
export const hasFullDevice = existsSync('/dev/full')

const attemptsMax = 5
/** By then a primary that sleeps has been taken for dead. */
const noticedMs = 4000

/** While `run` is under way, `file` in the folder of `name` cannot be written. */
async function whileFull(
  folder: string,
  name: string,
  file: string,
  run: () => Promise<void>,
): Promise<void> {
  const draft = join(folder, name, `${file}.draft`)
  rmSync(draft, { force: true })
  symlinkSync('/dev/full', draft)
  try {
    await run()
  } finally {
    rmSync(draft, { force: true })
  }
}

/** V11: a view service that cannot write its record tells nothing and ends; with room again it goes on where it was. */
export const fullDiskOfViewService: Fault = {
  name: 'full disk at view-service',
  async strike({ system, folder }) {
    const viewService = system.served(viewServiceName)
    if (viewService === null) return
    await whileFull(folder, viewServiceName, 'view.json', async () => {
      // The one who is primary: on a busy machine it may have been another node a moment ago.
      for (let attempt = 0; attempt < attemptsMax && !viewService.hasEnded(); attempt++) {
        const primary = await system.find('primary')
        if (primary === null) continue
        system.pause(primary)
        await Promise.race([
          viewService.ended,
          new Promise((resolve) => setTimeout(resolve, noticedMs).unref()),
        ])
        system.resume(primary)
      }
    })
    if (!viewService.hasEnded()) {
      system.problems.push('expected the view service to end when it could not write its record')
      return
    }
    if ((await viewService.ended) !== 1)
      system.problems.push(`expected the view service to end with 1, got ${await viewService.ended}`)
    if (!viewService.stderr().includes('ENOSPC'))
      system.problems.push(`expected the view service to name ENOSPC, got ${viewService.stderr()}`)
    await system.kill(viewServiceName)
    await system.restart(viewServiceName)
  },
}

/** N2: a server that cannot write down its next life does not begin it. */
export const fullDiskOfServer: Fault = {
  name: 'full disk at a server',
  async strike({ system, folder }) {
    const name = await system.find('idle')
    if (name === null) return
    await system.kill(name)
    await whileFull(folder, name, 'incarnation.json', async () => {
      const refusal = await system.restart(name).then(
        () => 'it started',
        (error: Error) => error.message,
      )
      if (!refusal.includes('ENOSPC')) system.problems.push(`expected a refusal with ENOSPC, got ${refusal}`)
    })
    await system.restart(name)
  },
}
