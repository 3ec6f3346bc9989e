/** Plays a run: moves the cursor step by step, at a speed, until the end. */
import { effect } from '@preact/signals'
import { stepBy } from './moves.ts'
import { live, playing, speed } from './state.ts'

export function startPlayer(): void {
  effect(() => {
    if (!playing.value) return
    const perSecond = speed.value
    let last = performance.now()
    let frame = requestAnimationFrame(function advance(now) {
      const due = Math.floor(((now - last) * perSecond) / 1000)
      if (due > 0) last += (due * 1000) / perSecond
      for (let count = 0; count < Math.min(due, 500); count++) {
        if (stepBy(1)) continue
        if (!live.peek()) playing.value = false
        break
      }
      frame = requestAnimationFrame(advance)
    })
    return () => cancelAnimationFrame(frame)
  })
}
