/** The world that the page drives, if it drives one: its cursor and the page's are one, and every choice goes through here. */
import { batch, effect, signal } from '@preact/signals'
import { type Choice, describeChoice } from '../../../proof/stage/choice.ts'
import { type Inbox, inboxesOf } from '../../../proof/stage/inbox.ts'
import { type ReplicasOptions, stagedReplicas } from '../../../proof/stage/replicas.ts'
import { openScenario, scenarios } from '../../../proof/stage/scenarios.ts'
import { type RunBounds, World } from '../../../proof/stage/world.ts'
import { packWorld, readWorld, unpackWorld } from '../../../proof/stage/world-file.ts'
import { openFeed } from '../../app/sink.ts'
import { announcement, cursor, growth, playing, report, run, runTitle, source } from '../../app/state.ts'
import { worldFeed } from '../../feeds/world.ts'

/** Null while the page shows a run that it does not drive. */
export const world = signal<World | null>(null)
/** Changes whenever the world's tree, names or run have changed. */
export const worldVersion = signal(0)

/** What can be chosen at the cursor. */
export interface Choices {
  readonly inboxes: readonly Inbox[]
  /** What happens by itself, and when. */
  readonly next: { readonly choice: Choice; readonly text: string } | null
  readonly now: number
  readonly pending: number
}
export const choices = signal<Choices | null>(null)

/** The step that the cursor goes to as soon as the page has it. */
let awaited: number | null = null

/** Shows a world, at the step that the address names or at its beginning. */
export function openWorld(opened: World, name: string): void {
  openFeed(
    worldFeed(opened, () => {
      if (world.value === opened) world.value = null
    }),
    { source: name, driven: true },
  )
  batch(() => {
    world.value = opened
    runTitle.value = opened.start.title
    worldVersion.value += 1
  })
  opened.subscribe(() => {
    worldVersion.value += 1
    if (opened === world.value) void nameInAddress(opened)
  })
  refresh()
}

/** A small system without a story. */
export function openBlank(options: ReplicasOptions): void {
  const opened = new World({ title: 'a world of your own', staged: stagedReplicas(options) })
  openWorld(opened, 'world')
  void nameInAddress(opened)
}

export function openScenarioById(id: string): void {
  const scenario = scenarios.find((one) => one.id === id)
  if (scenario !== undefined) openWorld(openScenario(scenario), `scenario:${id}`)
}

export function openWorldText(text: string): void {
  try {
    const opened = readWorld(text)
    openWorld(opened, 'world')
    void nameInAddress(opened)
  } catch (error) {
    report(`This world cannot be opened: ${(error as Error).message}`)
  }
}

/** Opens what an address names as its run; false where that is no world. */
export function openNamed(name: string): boolean {
  if (name.startsWith('scenario:')) openScenarioById(name.slice('scenario:'.length))
  else if (name.startsWith('world:')) {
    unpackWorld(name.slice('world:'.length)).then(
      (opened) => openWorld(opened, name),
      (error: Error) => report(`The world in this address cannot be opened: ${error.message}`),
    )
  } else return false
  return true
}

/** Makes a choice at the cursor, or says why it cannot be made. */
export function choose(choice: Choice): void {
  const current = world.value
  if (current === null) return
  playing.value = false
  const branches = current.branches.length
  const why = current.choose(choice)
  if (why === null) {
    const isNew = current.branches.length > branches
    announcement.value = isNew ? `A new branch: ${current.branch.name}` : describeChoice(choice)
    show()
  } else announcement.value = `Not possible: ${why}`
}

/** Leaves the world to itself. */
export function runOn(aim: string | null, bounds: RunBounds = { ms: patienceMs }): void {
  const current = world.value
  if (current === null) return
  playing.value = false
  const end = current.runUntil(aim, bounds)
  if (aim !== null && end !== 'reached')
    announcement.value = `That has not come about within ${patienceMs / 1000} seconds of virtual time.`
  show()
}

/** How long the world is left to itself for a goal, in virtual milliseconds. */
const patienceMs = 5000

/** Begins a branch at the cursor, before anything is chosen there. */
export function branchHere(): void {
  world.value?.fork()
  show()
}

export function switchTo(id: string): void {
  const current = world.value
  if (current === null) return
  current.switchTo(id)
  show()
}

/** Brings the cursor to where the world is. */
function show(): void {
  const current = world.value
  if (current === null) return
  lookAt(current.stepCount - 1)
  refresh()
}

/** Brings the cursor to a step of the world that may still be on its way to the page. */
export function lookAt(step: number): void {
  awaited = step
  world.value?.goToStep(step)
  settle()
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
  if (current === null) {
    choices.value = null
    return
  }
  const played = current.run()
  const next = played.next()
  choices.value = {
    inboxes: inboxesOf(played),
    next: next === null ? null : { choice: next, text: sentenceOf(current, next) },
    now: played.stage.now,
    pending: played.pending(),
  }
}

function sentenceOf(current: World, next: Choice): string {
  if (next.kind !== 'deliver' && next.kind !== 'drop') return describeChoice(next)
  const held = current.run().stage.network.find(next.message, next.copy)
  if (held === undefined) return describeChoice(next)
  const { from, to, message } = held.envelope
  return next.kind === 'deliver'
    ? `${message.type} from ${from} arrives at ${to}`
    : `${message.type} from ${from} to ${to} is lost`
}

/** The address holds the whole world once it is more than a scenario as it was told. */
async function nameInAddress(current: World): Promise<void> {
  const isTold = current.branches.length === 1 && current.start.scenario !== undefined && !isExtended(current)
  const name = isTold ? `scenario:${current.start.scenario}` : `world:${await packWorld(current)}`
  if (world.value === current && name.length < addressMax) source.value = name
}

const addressMax = 30_000
const toldLengths = new WeakMap<World, number>()

function isExtended(current: World): boolean {
  const length = current.branches[0]!.made.length
  const told = toldLengths.get(current) ?? length
  toldLengths.set(current, told)
  return length > told
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
