/** Events in causal order: each after its causes, and events that cause each other as one group. */

/**
 * Groups of events, every cause before its effect. A group of several events is a cycle, in the order given; events
 * before and behind a cycle are groups of one. Causes that are null or not among the events are passed over. Takes
 * time in proportion to events and causes. Source: Tarjan (1972), whose components come out effects first.
 */
export function inCausalOrder<Event extends object>(
  events: readonly Event[],
  causesOf: (event: Event) => readonly (Event | null)[],
): Event[][] {
  const places = new Map(events.map((event, place) => [event, place]))
  const seen = new Int32Array(events.length).fill(-1)
  const low = new Int32Array(events.length)
  const isOpen = new Uint8Array(events.length)
  const open: number[] = []
  const groups: Event[][] = []
  let count = 0

  const enter = (place: number) => {
    seen[place] = low[place] = count++
    open.push(place)
    isOpen[place] = 1
    const causes = causesOf(events[place]!).flatMap((cause) => {
      const at = cause === null ? undefined : places.get(cause)
      return at === undefined ? [] : [at]
    })
    return { place, causes, next: 0 }
  }
  const close = (place: number) => {
    const group: number[] = []
    let one: number
    do {
      one = open.pop()!
      isOpen[one] = 0
      group.push(one)
    } while (one !== place)
    groups.push(group.sort((a, b) => a - b).map((at) => events[at]!))
  }

  for (let root = 0; root < events.length; root++) {
    if (seen[root] !== -1) continue
    const path = [enter(root)]
    while (path.length > 0) {
      const frame = path.at(-1)!
      const { place, causes } = frame
      const cause = causes[frame.next]
      if (cause !== undefined) {
        frame.next += 1
        if (seen[cause] === -1) path.push(enter(cause))
        else if (isOpen[cause] === 1) low[place] = Math.min(low[place]!, seen[cause]!)
        continue
      }
      if (low[place] === seen[place]) close(place)
      path.pop()
      const above = path.at(-1)
      if (above !== undefined) low[above.place] = Math.min(low[above.place]!, low[place]!)
    }
  }
  return groups
}
