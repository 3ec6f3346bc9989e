/** Names for actors that come and go: the second of a name is `name#2`, as a restarted server would be. */

/** Names whose count is remembered; of the one that was used longest ago the count begins again. */
const namesMax = 65_536

export function createNames() {
  const counts = new Map<string, number>()
  return {
    nameFor(name: string): string {
      const count = (counts.get(name) ?? 0) + 1
      counts.delete(name)
      counts.set(name, count)
      if (counts.size > namesMax) counts.delete(counts.keys().next().value!)
      return count === 1 ? name : `${name}#${count}`
    },
  }
}
