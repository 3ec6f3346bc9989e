/** Stands in for RxJS in the page, as far as the simulator's clocks and the memory transport ask: a subject, work on a scheduler, and how to cancel it. */

type Listener<Value> = (value: Value) => void

interface Source<Value> {
  subscribe(listener: Listener<Value>): Subscription
}

interface Scheduler {
  now(): number
  schedule(work: (state?: unknown) => void, delay?: number, state?: unknown): Subscription
}

/** What can be ended once; what was added to it is then done. */
export class Subscription {
  closed = false
  #teardowns: (() => void)[]

  constructor(...teardowns: (() => void)[]) {
    this.#teardowns = teardowns
  }

  add(teardown: () => void): void {
    if (this.closed) teardown()
    else this.#teardowns.push(teardown)
  }

  unsubscribe(): void {
    this.closed = true
    for (const teardown of this.#teardowns.splice(0)) teardown()
  }
}

/** Tells all listeners at once. */
export class Subject<Value> implements Source<Value> {
  readonly #listeners = new Set<Listener<Value>>()

  next(value: Value): void {
    for (const listener of [...this.#listeners]) listener(value)
  }

  subscribe(listener: Listener<Value>): Subscription {
    this.#listeners.add(listener)
    return new Subscription(() => this.#listeners.delete(listener))
  }

  pipe<Result>(operator: (source: Source<Value>) => Result): Result {
    return operator(this)
  }
}

/** Every value later, as the scheduler has it; what is under way when the listener leaves is not told. */
export function observeOn(scheduler: Scheduler, delay: number) {
  return <Value>(source: Source<Value>): Source<Value> => ({
    subscribe(listener) {
      const underWay = new Set<Subscription>()
      const subscription = source.subscribe((value) => {
        const work = scheduler.schedule(() => {
          underWay.delete(work)
          tell(listener, value)
        }, delay)
        underWay.add(work)
      })
      subscription.add(() => {
        for (const work of underWay) work.unsubscribe()
      })
      return subscription
    },
  })
}

/** An error of a listener is nobody else's: it is thrown where the browser sees it. */
function tell<Value>(listener: Listener<Value>, value: Value): void {
  try {
    listener(value)
  } catch (error) {
    setTimeout(() => {
      throw error
    })
  }
}

/** Real time. */
export const asyncScheduler: Scheduler = {
  now: () => Date.now(),
  schedule(work, delay = 0, state) {
    const subscription = new Subscription()
    const timer = setTimeout(() => work.call(subscription, state), delay)
    subscription.add(() => clearTimeout(timer))
    return subscription
  },
}

/** Nobody makes one in the page; clocks ask whether they were given one. */
export class VirtualTimeScheduler {}
