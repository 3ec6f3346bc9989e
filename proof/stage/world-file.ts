/** A world as text, for a file or an address: how it begins, and the choices of each branch, which repeat it. */
import * as v from 'valibot'
import { type BrokenChartName, brokenCharts } from './broken-charts.ts'
import { type Choice, checkedChoice } from './choice.ts'
import { type ReplicasOptions, stagedReplicas } from './replicas.ts'
import type { Staged } from './staged.ts'
import { World } from './world.ts'
import type { Branch, WorldTree } from './world-tree.ts'

/** The name of the format, and its version; a reader refuses others. */
export const worldFormat = 'standby-world'
export const worldVersion = 1

const names = v.pipe(v.array(v.pipe(v.string(), v.minLength(1))), v.maxLength(50))
const bounds = v.optional(v.record(v.string(), v.number()))
const fileSchema = v.object({
  format: v.literal(worldFormat),
  version: v.literal(worldVersion),
  title: v.string(),
  scenario: v.optional(v.string()),
  /** What our replicas consist of; absent for a system of your own, which is known by its module only. */
  options: v.optional(
    v.strictObject({
      servers: v.pipe(names, v.minLength(1)),
      clients: names,
      latencyMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60_000))),
      timing: bounds,
      limits: bounds,
      broken: v.optional(v.picklist(Object.keys(brokenCharts) as BrokenChartName[])),
    }),
  ),
  branches: v.pipe(
    v.array(
      v.object({
        name: v.string(),
        /** Index of the parent in this list; null for the first. */
        parent: v.nullable(v.number()),
        at: v.number(),
        /** The choices of its own; a number stands for so many that happened by themselves. */
        own: v.array(v.unknown()),
        captions: v.array(v.object({ at: v.number(), text: v.string() })),
      }),
    ),
    v.minLength(1),
  ),
  /** The branch that is shown, and where. */
  shown: v.object({ branch: v.number(), position: v.number() }),
})

const choicesMax = 100_000

type WorldFile = v.InferOutput<typeof fileSchema>

/** The world with all of its branches, as one line of JSON. */
export function formatWorld(world: WorldTree): string {
  const { title, scenario } = world.info
  const options = replicasIn(world.info.origin)
  const indexOf = (id: string) => world.branches.findIndex((branch) => branch.id === id)
  const file: WorldFile = {
    format: worldFormat,
    version: worldVersion,
    title,
    ...(scenario === undefined ? {} : { scenario }),
    ...(options === null ? {} : { options: options as WorldFile['options'] }),
    branches: world.branches.map((branch) => ({
      name: branch.name,
      parent: branch.parent === null ? null : indexOf(branch.parent),
      at: branch.at,
      own: compressed(branch),
      captions: branch.captions.filter(({ at }) => branch.parent === null || at > branch.at),
    })),
    shown: { branch: indexOf(world.branch.id), position: world.position },
  }
  return JSON.stringify(file)
}

/** The options of our replicas; null for another system. */
export function replicasIn(origin: unknown): ReplicasOptions | null {
  return (origin as { world?: ReplicasOptions }).world ?? null
}

function compressed({ made, at }: Branch): unknown[] {
  const own: unknown[] = []
  for (const { choice, isNext } of made.slice(at)) {
    const last = own.at(-1)
    if (!isNext) own.push(choice)
    else if (typeof last === 'number') own[own.length - 1] = last + 1
    else own.push(1)
  }
  return own
}

/**
 * The world of a text that `formatWorld` wrote, run again.
 * @param own the system of a file that is not of our replicas; default: none
 * @throws Error that says what is wrong with it, and where a run does not go as it went then
 */
export function readWorld(text: string, own: Staged | null = null): World {
  const file = checkedFile(text)
  const staged = file.options === undefined ? own : stagedReplicas(file.options as ReplicasOptions)
  if (staged === null)
    throw new Error(`expected the system "${file.title}" to be open; open its module first, then this file`)
  const { title, scenario } = file
  const world = new World({ title, staged, ...(scenario === undefined ? {} : { scenario }) })
  const ids: string[] = []
  world.together(() => {
    for (const [index, branch] of file.branches.entries()) {
      if (index === 0) world.rename(world.branch.id, branch.name)
      else {
        const parent = ids[branch.parent ?? 0]
        if (parent === undefined)
          throw new Error(`branch ${index}: expected a parent that stands before it; the file was changed`)
        world.switchTo(parent, branch.at)
        world.fork(branch.at, branch.name)
      }
      ids.push(world.branch.id)
      repeat(world, branch, index)
    }
    world.switchTo(ids[file.shown.branch] ?? ids[0]!, file.shown.position)
  })
  return world
}

function repeat(world: World, { own, captions, name }: WorldFile['branches'][number], index: number): void {
  const count = own.reduce<number>((sum, item) => sum + (typeof item === 'number' ? item : 1), 0)
  if (!(count <= choicesMax))
    throw new Error(`expected at most ${choicesMax} choices in branch ${index}, got ${count}`)
  const said = [...captions].sort((a, b) => a.at - b.at)
  const speak = () => {
    while (said.length > 0 && said[0]!.at <= world.position) world.say(said.shift()!.text)
  }
  const choose = (choice: Choice, position: number) => {
    speak()
    const why = world.choose(choice)
    if (why === null) return
    throw new Error(
      `choice ${position + 1} of branch ${index} (${name}) cannot be made: ${why}; the file is of another version of the charts`,
    )
  }
  for (const [position, item] of own.entries()) {
    if (typeof item !== 'number')
      choose(checkedChoice(item, `choice ${position + 1} of branch ${index}`), position)
    else for (let times = 0; times < item; times++) choose({ kind: 'next' }, position)
  }
  speak()
}

function checkedFile(text: string): WorldFile {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('expected a world as JSON, got another text; is it a file that this page saved?')
  }
  const { success, output, issues } = v.safeParse(fileSchema, value, { abortEarly: true })
  if (success) return output
  const [issue] = issues
  throw new Error(
    `the world is wrong at ${v.getDotPath(issue) ?? 'its root'}: ${issue.message}; is it a file that this page saved?`,
  )
}

/** Whether a text looks like a world, and not like a trace. */
export function isWorldText(text: string): boolean {
  return text.slice(0, 200).includes(`"format":"${worldFormat}"`)
}

/** The world as a short text for an address. */
export async function packWorld(world: WorldTree): Promise<string> {
  const stream = new Blob([formatWorld(world)]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer())
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** @throws Error for a text that `packWorld` did not write. */
export async function unpackWorld(packed: string, own: Staged | null = null): Promise<World> {
  let text: string
  try {
    const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
    text = await new Response(stream).text()
  } catch (cause) {
    throw new Error(
      'expected a world in the address, got a text that cannot be unpacked; was it cut short?',
      { cause },
    )
  }
  return readWorld(text, own)
}
