/** Tells screen readers where the cursor is, once it rests. */
import { effect } from '@preact/signals'
import { titleOf } from '../model/describe.ts'
import { announcement, playing, step } from './state.ts'

const restMs = 300

export function startAnnouncer(): void {
  effect(() => {
    const here = step.value
    if (here === null || playing.value) return
    const said = announcement.peek()
    const timer = setTimeout(() => {
      // What was said since then, such as why something is not possible, is to be heard.
      if (announcement.peek() !== said) return
      announcement.value = `Step ${here.i}: ${here.node ?? 'network'} ${titleOf(here)}`
    }, restMs)
    return () => clearTimeout(timer)
  })
}
