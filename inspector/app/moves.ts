/** How the cursor moves: by steps that are shown, on one node, along a message, to the next violation. */
import { batch } from '@preact/signals'
import { countBelow } from '../model/sorted.ts'
import { chosenNode, cursor, following, node, pinned, playing, run, step, visible } from './state.ts'

/** Moves the cursor; to a step that is there. */
export function goTo(i: number): void {
  const current = run.value
  if (current === null || current.end === current.first) return
  batch(() => {
    cursor.value = Math.min(Math.max(i, current.first), current.end - 1)
    following.value = false
  })
}

/** The next or previous step that the filters show; stays if there is none. */
export function stepBy(direction: 1 | -1): boolean {
  const current = run.value
  if (current === null) return false
  const shown = visible.value
  if (shown === null) {
    const target = cursor.value + direction
    if (target < current.first || target >= current.end) return false
    goTo(target)
    return true
  }
  return goToIn(shown, direction)
}

/** The next or previous step of the node that is shown. */
export function stepOnNode(direction: 1 | -1): void {
  const lane = run.value?.lane(node.value)
  if (lane !== null && lane !== undefined) goToIn(lane.steps, direction)
}

/** From a receive to its send, and from a send to its receive. */
export function followMessage(direction: 1 | -1): void {
  const current = run.value
  const here = step.value
  const track = here === null ? null : current?.messages.of(here)
  if (track === null || track === undefined) return
  const ends = [track.receivedIn, track.droppedIn, track.refusedIn].flat()
  const steps = [...(track.sentIn === null ? [] : [track.sentIn]), ...ends].sort((a, b) => a - b)
  goToIn(steps, direction)
}

/** The next mark of a kind after the cursor, around the end to the first. */
export function goToMark(kind: 'violation' | 'fault' | 'view'): boolean {
  const marks = run.value?.marks.filter((mark) => mark.kind === kind) ?? []
  const next = marks.find(({ i }) => i > cursor.value) ?? marks[0]
  if (next !== undefined) goTo(next.i)
  return next !== undefined
}

/** Pins the step, or lets go of it when it is the pinned one. */
export function pin(): void {
  pinned.value = pinned.value === cursor.value ? null : cursor.value
}

/** Shows a node at any step of the cursor; the same one again follows the cursor. */
export function choose(id: string): void {
  chosenNode.value = chosenNode.value === id ? null : id
}

export function togglePlaying(): void {
  const current = run.value
  if (current === null) return
  if (!playing.value && cursor.value >= current.end - 1) goTo(current.first)
  playing.value = !playing.value
  if (playing.value) following.value = false
}

/** To the next or previous of ascending numbers; whether there is one. */
export function goToIn(numbers: readonly number[], direction: 1 | -1): boolean {
  const index = direction > 0 ? countBelow(numbers, cursor.value + 1) : countBelow(numbers, cursor.value) - 1
  const target = numbers[index]
  if (target === undefined) return false
  goTo(target)
  return true
}
