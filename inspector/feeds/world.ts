/** The feed of a world inside the page: the run of its shown branch, and what is chosen in it. */
import type { World } from '../../proof/stage/world.ts'
import type { Feed } from './feed.ts'

/** Feeds what `world` shows; another branch is another run. */
export function worldFeed(world: World, onStop: () => void = () => {}): Feed {
  return (sink) => {
    let handed = 0
    const hand = () => {
      const { steps } = world.branch
      for (; handed < steps.length; handed++) sink.step(steps[handed]!)
    }
    const begin = () => {
      handed = 0
      sink.header(world.header)
      hand()
    }
    begin()
    const stop = world.subscribe((change) => {
      if (change === 'branch') begin()
      else if (change === 'steps') hand()
    })
    return () => {
      stop()
      onStop()
    }
  }
}
