/**
 * Time and chance as inputs (M3): what application code sees of them while one synchronous step runs.
 *
 * Machines know no clock and no dice. This is the one file that touches those of the platform, to take them away from
 * application code for the time of a step; it looks them up by name and uses none of them itself.
 */

/** The numbers that a step draws: a function of its seed. */
export type Chance = () => number

interface DateClass {
  new (...parts: unknown[]): object
  (): string
  now(): number
  readonly prototype: object
}

/**
 * Chance from a seed: the same numbers on every replica (sfc32 of Chris Doty-Humphrey, seeded by FNV-1a).
 * @param seed the position of the command in the replicated order
 */
export function chanceOf(seed: number): Chance {
  let a = mixed(seed, 0x811c9dc5)
  let b = mixed(seed, 0x9dc5811c)
  let c = mixed(Math.floor(seed / 0x1_0000_0000), 0x2c1b3c6d)
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 0x1_0000_0000
  }
  for (let round = 0; round < 12; round++) next()
  return next
}

function mixed(seed: number, basis: number): number {
  let hash = basis
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((seed >>> shift) & 255), 0x01000193)
  return hash
}

/**
 * Runs one synchronous step in which `Date.now()`, `new Date()` and `performance.now()` are `at`, and `Math.random`,
 * `crypto.randomUUID` and `crypto.getRandomValues` draw from `chance`. The real ones are back before it returns,
 * also if it throws. A step within a step is refused: two machines never run at once.
 */
export function withInputs<Value>(at: number, chance: Chance, run: () => Value): Value {
  if (current !== null) throw new Error('expected one step at a time, got a step within a step')
  const globals = globalThis
  const realDate = Reflect.get(globals, 'Date') as DateClass
  const random = Reflect.get(Math, 'random') as Chance
  const sources = [
    [Reflect.get(globals, 'crypto') as object | undefined, fakeCrypto],
    [Reflect.get(globals, 'performance') as object | undefined, fakePerformance],
  ] as const
  current = { at, chance, realDate }
  Reflect.set(globals, 'Date', fakeDate(realDate))
  Reflect.set(Math, 'random', chance)
  for (const [real, fakes] of sources) if (real !== undefined) Object.defineProperties(real, fakes)
  try {
    return run()
  } finally {
    current = null
    Reflect.set(globals, 'Date', realDate)
    Reflect.set(Math, 'random', random)
    for (const [real, fakes] of sources) {
      for (const name of Object.keys(fakes)) if (real !== undefined) Reflect.deleteProperty(real, name)
    }
  }
}

let current: { readonly at: number; readonly chance: Chance; readonly realDate: DateClass } | null = null

let lastDate: { readonly real: DateClass; readonly fake: DateClass } | null = null

/** A Date that stands still at the step's moment. It shares the prototype, so that `instanceof` holds both ways. */
function fakeDate(real: DateClass): DateClass {
  if (lastDate?.real === real) return lastDate.fake
  const now = () => current?.at ?? real.now()
  const fake = function (this: unknown, ...parts: unknown[]) {
    const date = parts.length === 0 ? new real(now()) : new real(...parts)
    return new.target === undefined ? String(new real(now())) : date
  } as unknown as DateClass
  Object.setPrototypeOf(fake, real)
  Object.defineProperty(fake, 'prototype', { value: real.prototype })
  Object.defineProperty(fake, 'now', { value: now, configurable: true, writable: true })
  lastDate = { real, fake }
  return fake
}

const draw = () => (current as { chance: Chance }).chance()

const fakePerformance: PropertyDescriptorMap = {
  now: { value: () => current?.at ?? 0, configurable: true, enumerable: true, writable: true },
}

const fakeCrypto: PropertyDescriptorMap = {
  randomUUID: { value: randomUuid, configurable: true, enumerable: true, writable: true },
  getRandomValues: {
    value: <Values extends { readonly buffer: ArrayBuffer; byteOffset: number; byteLength: number }>(
      values: Values,
    ): Values => {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(draw() * 256)
      return values
    },
    configurable: true,
    enumerable: true,
    writable: true,
  },
}

/** Version 4 of RFC 9562, from the step's chance. */
function randomUuid(): string {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (digit) => {
    const value = Math.floor(draw() * 16)
    return (digit === 'x' ? value : (value & 3) | 8).toString(16)
  })
}
