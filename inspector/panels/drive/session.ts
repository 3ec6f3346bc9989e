/** The world that the page drives, if any: its cursor and the page's are one, and every choice goes through here. */
import { batch, effect, signal } from '@preact/signals'
import { type Choice, describeChoice } from '../../../proof/stage/choice.ts'
import { type Choices, choicesOf } from '../../../proof/stage/choices.ts'
import { RemoteWorld } from '../../../proof/stage/remote-world.ts'
import { type ReplicasOptions, stagedReplicas } from '../../../proof/stage/replicas.ts'
import { openScenario, scenarios } from '../../../proof/stage/scenarios.ts'
import { type RunEnd, World } from '../../../proof/stage/world.ts'
import { packWorld, readWorld, unpackWorld } from '../../../proof/stage/world-file.ts'
import type { RunBounds } from '../../../proof/stage/world-tree.ts'
import { openFeed } from '../../app/sink.ts'
import { announcement, cursor, growth, playing, report, run, runTitle, source } from '../../app/state.ts'
import { worldFeed } from '../../feeds/world.ts'
import { ownSystem } from './own-system.ts'

/** In the page, or in the process that serves it. */
export type DrivenWorld = World | RemoteWorld

/** Null while the page shows a run that it does not drive. */
export const world = signal<DrivenWorld | null>(null)
/** Changes each time the world's tree, names or run have changed. */
export const worldVersion = signal(0)
/** What can be chosen at the cursor; of a world elsewhere, as soon as it is known. */
export const choices = signal<Choices | null>(null)

/** The step that the cursor goes to as soon as the page has it. */
let awaited: number | null = null

/** Shows a world, at the step that the address names or at its beginning. */
export function openWorld(opened: DrivenWorld, name: string): void {
  openFeed(
    worldFeed(opened, () => {
      if (world.value === opened) world.value = null
    }),
    { source: name, driven: true },
  )
  batch(() => {
    world.value = opened
    runTitle.value = opened.info.title
    worldVersion.value += 1
  })
  opened.subscribe((change) => {
    worldVersion.value += 1
    if (opened !== world.value) return
    if (change === 'choices') takeChoices(opened)
    else if (opened instanceof World) void nameInAddress(opened)
  })
  refresh()
}

/** A small system without a story. */
export function openBlank(options: ReplicasOptions): void {
  openOwn(new World({ title: 'a system of your own', staged: stagedReplicas(options) }))
}

/** A world that is only known by what was done in it. */
export function openOwn(opened: World): void {
  openWorld(opened, 'world')
  void nameInAddress(opened)
}

export function openScenarioById(id: string): void {
  const scenario = scenarios.find((one) => one.id === id)
  if (scenario !== undefined) openWorld(openScenario(scenario), `scenario:${id}`)
}

/** Opens a saved world: here, or where the system is that the page drives. */
export function openWorldText(text: string): void {
  const failed = (why: string) => report(`This world cannot be opened: ${why}`)
  if (world.value instanceof RemoteWorld) {
    void world.value.open(text).then((why) => why !== null && failed(why))
    return
  }
  try {
    openOwn(readWorld(text, ownSystem.value))
  } catch (error) {
    failed((error as Error).message)
  }
}

/** Opens what an address names as its run; false if that is no world. */
export function openNamed(name: string): boolean {
  if (name.startsWith('scenario:')) openScenarioById(name.slice('scenario:'.length))
  else if (name.startsWith('world:')) {
    unpackWorld(name.slice('world:'.length), ownSystem.value).then(
      (opened) => openWorld(opened, name),
      (error: Error) => report(`The world in this address cannot be opened: ${error.message}`),
    )
  } else return false
  return true
}

/** Makes a choice at the cursor, or says why it cannot be made. */
export function choose(choice: Choice): void {
  act((current) => {
    const branches = current.branches.length
    return settled(current.choose(choice), (why) => {
      if (why !== null) {
        announcement.value = `Not possible: ${why}`
        return
      }
      const isNew = current.branches.length > branches
      announcement.value = isNew ? `A new branch: ${current.branch.name}` : describeChoice(choice)
      show()
    })
  })
}

/** Leaves the system to itself. */
export function runOn(aim: string | null, bounds: RunBounds = { ms: patienceMs }): void {
  act((current) =>
    settled<RunEnd | string | null>(current.runUntil(aim, bounds), (end) => {
      // In another process only failures have an answer.
      if (aim !== null && end !== 'reached' && end !== null)
        announcement.value = `Not reached within ${patienceMs / 1000} seconds of virtual time.`
      show()
    }),
  )
}

/** How long the system is left to itself for an aim, in virtual milliseconds. */
const patienceMs = 5000

/** Begins a branch at the cursor, before anything is chosen there. */
export function branchHere(): void {
  act((current) => settled<unknown>(current.fork(), show))
}

export function switchTo(id: string): void {
  act((current) => {
    current.switchTo(id)
    show()
  })
}

function act(run: (current: DrivenWorld) => void): void {
  if (world.value === null) return
  playing.value = false
  run(world.value)
}

/** At once if the world is in the page, so that the next key finds it done. */
function settled<Result>(result: Result | Promise<Result>, then: (result: Result) => void): void {
  if (result instanceof Promise) void result.then(then)
  else then(result)
}

/** Brings the cursor to where the world is. */
function show(): void {
  const current = world.value
  if (current === null) return
  lookAt(current.stepCount - 1)
}

/** Brings the cursor to a step of the world that may still be on its way to the page. */
export function lookAt(step: number): void {
  awaited = step
  world.value?.goToStep(step)
  settle()
  refresh()
}

function settle(): void {
  const current = run.value
  if (awaited === null || current === null || awaited >= current.end) return
  const target = awaited
  awaited = null
  cursor.value = target
}

function refresh(): void {
  const current = world.value
  if (current === null) choices.value = null
  else takeChoices(current)
  if (current instanceof RemoteWorld) void current.look()
}

function takeChoices(current: DrivenWorld): void {
  choices.value = current instanceof World ? choicesOf(current.run()) : current.choices
}

/** The address holds the whole world once it is more than its scenario. */
async function nameInAddress(current: World): Promise<void> {
  const { scenario } = current.info
  const isUnchanged = current.branches.length === 1 && scenario !== undefined && !isExtended(current)
  const name = isUnchanged ? `scenario:${scenario}` : `world:${await packWorld(current)}`
  if (world.value === current && name.length < addressMax) source.value = name
}

const addressMax = 30_000
const firstLengths = new WeakMap<World, number>()

function isExtended(current: World): boolean {
  const length = current.branches[0]!.made.length
  const first = firstLengths.get(current) ?? length
  firstLengths.set(current, first)
  return length > first
}

/** Keeps the page's cursor and the world's position together. Call once. */
export function startDriving(): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  effect(() => {
    growth.value
    settle()
  })
  effect(() => {
    const i = cursor.value
    const current = world.peek()
    if (current === null || awaited !== null || current.positionOf(i) === current.position) return
    current.goToStep(i)
    // Going back is a run from the start: not for every step of a cursor that flies by.
    clearTimeout(timer)
    timer = setTimeout(refresh, 60)
  })
}
