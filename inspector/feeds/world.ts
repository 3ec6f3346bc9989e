/** The feed of a world that the page drives: the run of its shown branch. Another branch is another run. */
import type { WorldTree } from '../../proof/stage/world-tree.ts'
import type { Feed } from './feed.ts'

/** Feeds what `world` shows. */
export function worldFeed(world: WorldTree, onStop: () => void = () => {}): Feed {
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
