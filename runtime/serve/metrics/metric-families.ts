/** Metrics whose numbers are kept elsewhere and read at a scrape, so that counting is one step in a map. */
import { Counter, Gauge, type Registry } from 'prom-client'

/** Adds to the count of one value of the label; by default 1. */
export type Count = (value: string, by?: number) => void

/** The ways to add metrics to a registry. */
export type Families = ReturnType<typeof createFamilies>

/** Values of one label that are kept apart; all others count as `(other)`. */
export const labelValuesMax = 64

/** Families of metrics in `registry`. */
export function createFamilies(registry: Registry) {
  const registers = [registry]

  /** A counter with one label whose counts are asked for; they must never fall. */
  const countedFrom = (
    name: string,
    help: string,
    label: string,
    read: () => Iterable<readonly [string, number]>,
  ): void => {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset()
        for (const [value, count] of read()) this.inc({ [label]: value }, count)
      },
    })
  }
  /** A counter with one label; the values that are known beforehand are there from the start, with 0. */
  const counted = (name: string, help: string, label: string, values: readonly string[] = []): Count => {
    const counts = new Map(values.map((value) => [value, 0]))
    countedFrom(name, help, label, () => counts)
    return (value, by = 1) => {
      const key = boundedLabel(counts, value)
      counts.set(key, (counts.get(key) ?? 0) + by)
    }
  }
  /** A counter without labels whose count is asked for. */
  const totalFrom = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
  /** A gauge that is asked for. */
  const gaugeFrom = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  /** A gauge that is 1 for what holds now; null: nothing is known to hold. */
  const stateFrom = (name: string, help: string, label: string, read: () => string | null): void => {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset()
        const value = read()
        if (value !== null) this.set({ [label]: value }, 1)
      },
    })
  }
  return { counted, countedFrom, totalFrom, gaugeFrom, stateFrom }
}

/** The value itself while there are few, `(other)` for what comes then. */
export function boundedLabel(known: { has(value: string): boolean; readonly size: number }, value: string) {
  return known.has(value) || known.size < labelValuesMax ? value : '(other)'
}
