/** How long an event loop was kept from its work by its own work: on a machine that is shared, being late is not being blocked. */
import { closeSync, openSync, readSync } from 'node:fs'

const tickMs = 5

/** Watches the loop of this thread. */
export function watchLoop() {
  const processorTime = ownProcessorTime()
  let [last, used, worst] = [performance.now(), processorTime(), 0]
  setInterval(() => {
    const [now, usedNow] = [performance.now(), processorTime()]
    worst = Math.max(worst, Math.min(now - last - tickMs, usedNow - used))
    last = now
    used = usedNow
  }, tickMs)
  return {
    /** The longest since it was read last, in milliseconds. */
    read(): number {
      const result = worst
      worst = 0
      return result
    },
  }
}

/** Milliseconds that this thread has had a processor; where the system does not say, those of the whole process. */
function ownProcessorTime(): () => number {
  let file: number
  try {
    file = openSync('/proc/thread-self/schedstat', 'r')
  } catch {
    return () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    }
  }
  process.once('exit', () => closeSync(file))
  const text = Buffer.alloc(64)
  return () => Number(text.toString('latin1', 0, readSync(file, text, 0, 64, 0)).split(' ')[0]) / 1e6
}
