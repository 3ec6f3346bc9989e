/** The live view of a run on a terminal: it gathers what the frames show, and turns keys into faults. */
import picocolors from 'picocolors'
import type { StoryEvent } from '../../runtime/observe/story.ts'
import type { Output } from '../output.ts'
import { type LiveModel, type LiveNode, ratesShown, renderLiveView } from './live-view.ts'
import type { Playground } from './playground.ts'
import { formatSummary } from './summary.ts'
import { openTerminal } from './terminal.ts'
import type { View } from './view.ts'

const frameMs = 100
const eventsKept = 200

export function runLive(
  { seed, address }: { readonly seed: number; readonly address: string | null },
  output: Output,
): View {
  const events: StoryEvent[] = []
  let scene: string | null = null
  const rates: number[] = []
  let stop = () => {}

  const onEvent = (event: StoryEvent) => {
    events.push(event)
    if (events.length > eventsKept) events.shift()
  }
  return {
    callbacks: {
      onEvent,
      onScene(text, t) {
        scene = text
        onEvent({ t, kind: 'scene', node: null, state: null, lamport: null, operations: [], text })
      },
    },
    begin(playground, quit) {
      const startedAt = playground.clock.now()
      const modelOf = (): LiveModel => ({
        ...modelOfSystem(playground),
        seed,
        address,
        scene,
        rates,
        events,
        startedAt,
      })
      const draw = () => {
        const { columns, rows } = terminal
        terminal.draw(renderLiveView(modelOf(), { columns, rows, colour: picocolors.isColorSupported }))
      }
      const terminal = openTerminal({
        stdin: process.stdin,
        stdout: process.stdout,
        onKey: (key) => {
          press(key, playground, quit)
          draw()
        },
        onResize: draw,
      })
      const frames = setInterval(draw, frameMs)
      const countRate = createRateCounter(playground, rates)
      const seconds = playground.clock
      let handle = seconds.setTimeout(second, 1000)
      function second() {
        countRate()
        handle = seconds.setTimeout(second, 1000)
      }
      draw()
      stop = () => {
        clearInterval(frames)
        seconds.clearTimeout(handle)
        terminal.restore()
      }
    },
    end() {
      stop()
    },
    summarise(summary) {
      for (const line of formatSummary(summary, process.stdout.columns || 80)) output.writeLine(line)
    },
  }
}

function createRateCounter({ counts }: Playground, rates: number[]): () => void {
  let last = 0
  return () => {
    const { answered } = counts()
    rates.push(answered - last)
    if (rates.length > ratesShown) rates.shift()
    last = answered
  }
}

/** A fault by hand ends the script, so that nothing interferes with it. */
function press(key: string, playground: Playground, quit: () => void): void {
  const { levers, clock, cluster } = playground
  const byHand = (act: () => void) => {
    playground.stopScript()
    act()
  }
  const actions: Record<string, () => void> = {
    q: quit,
    Q: quit,
    '\u0003': quit,
    '\u001b': quit,
    ' ': () => (clock.paused ? clock.resume() : clock.pause()),
    c: () => byHand(levers.killPrimary),
    b: () => byHand(levers.killBackup),
    r: () => byHand(levers.restartAll),
    p: () => byHand(levers.isolatePrimary),
    h: () => byHand(levers.heal),
    s: playground.resumeScript,
  }
  if (Object.hasOwn(actions, key)) actions[key]!()
  const server = /^[1-9]$/.test(key) ? cluster.servers[Number(key) - 1] : undefined
  if (server !== undefined) byHand(() => levers.toggle(server.name))
}

function modelOfSystem(playground: Playground) {
  const { cluster, clients, clock, playing } = playground
  const { waitMs, answered, unanswered } = playground.counts()
  const view = cluster.view()
  const service = cluster.viewService.actor.getSnapshot()
  const nodes: LiveNode[] = [
    {
      id: cluster.viewService.id,
      kind: 'viewService',
      role: 'decides',
      state: service.value.views,
      view: view.number,
      applied: null,
      lamport: service.context.clock.lamport,
    },
    ...cluster.servers.map(({ id, alive, node }): LiveNode => {
      const { context } = node.actor.getSnapshot()
      const [role, ...inner] = node.state().split('.')
      return {
        id,
        kind: 'server',
        role: alive ? role! : 'crashed',
        state: alive ? inner.join('.') || role! : 'its state is lost',
        view: context.view.number,
        applied: alive ? node.applied() : null,
        lamport: context.clock.lamport,
      }
    }),
    ...clients.map(({ id, actor }): LiveNode => {
      const { value, context } = actor.getSnapshot()
      return {
        id,
        kind: 'client',
        role: 'client',
        state: String(value),
        view: context.view.number,
        applied: null,
        lamport: context.clock.lamport,
      }
    }),
  ]
  return {
    seconds: playground.seconds(),
    paused: clock.paused,
    playing,
    view,
    acknowledged: cluster.viewService.acknowledged(),
    cut: brokenLinks(playground),
    stuck: whyStuck(playground),
    nodes,
    answered,
    unanswered,
    problems: playground.problems(),
    failovers: playground.failovers(),
    longestWaitMs: waitMs.max ?? 0,
    waitingMs: playground.longestWaitNow(),
  }
}

/** Who is cut off from whom, in a few words. */
function brokenLinks({ cluster }: Playground): string | null {
  const { network, viewService, servers } = cluster
  const alone = servers.filter(({ id, alive }) => alive && !network.connected(id, viewService.id))
  if (alone.length > 0) return `${alone.map(({ id }) => id).join(', ')} cut off`
  const { primary, backup } = cluster.view()
  if (primary !== null && backup !== null && !network.connected(primary, backup)) {
    return `${primary} cannot reach ${backup}`
  }
  return null
}

/** A view whose every holder of the state has died can never go on: no other server may take over. */
function whyStuck({ cluster }: Playground): string | null {
  const { number, primary, backup } = cluster.view()
  if (number === 0 || cluster.primary() !== null) return null
  const canPromote = cluster.viewService.acknowledged() && cluster.backup() !== null
  if (canPromote) return null
  const holders = backup === null ? `${primary}` : `${primary} and ${backup}`
  return `the state died with ${holders}: view ${number} waits forever, and gives no answer rather than a wrong one`
}
