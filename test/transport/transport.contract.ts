/** What every transport promises to the actors on it, each promise a test. A transport that keeps one of them in its own way says why it skips it. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Envelope, Transport } from '../../actors/ports.ts'
import type { OpenTransport } from './open-transport.ts'
import { startRoles } from './roles.ts'

const promises = {
  delivers: 'delivers an envelope as it is: sender, addressee, message and stamp',
  later: 'never delivers before send returns',
  inOrder: 'delivers in order and once, as long as nothing goes wrong',
  many: 'carries two thousand messages at once',
  addressee: 'delivers to the addressee only',
  nobody: 'loses what is addressed to no node, without a word',
  copies: 'delivers a copy: neither side sees what the other changes',
  anyType: 'knows no message type',
  anyText: 'carries any key and any text',
  large: 'carries a megabyte',
  notJson: 'loses what is not JSON, and goes on',
  answers: 'lets a receiver send',
  taken: 'refuses an id that is attached already',
  detached: 'delivers nothing to a node that has detached, not even what was under way',
  again: 'frees the id of a node that has detached, and a second detach does not touch the successor',
  closed: 'once closed it delivers nothing, not even what was under way, and sends without throwing',
  disposed: 'is closed by await using',
  closedTwice: 'is closed twice without harm',
  roles: 'N6: brings every message of a wrong role to a refusal by name, before any chart sees it',
  closedAttach: 'once closed it refuses who attaches',
} as const

export type TransportPromise = keyof typeof promises

export interface ContractOptions {
  open(): OpenTransport | Promise<OpenTransport>
  /** The promises that this transport does not keep, each with its reason. */
  readonly skip?: Partial<Record<TransportPromise, string>>
}

const stamp = { lamport: 7, vector: { 'a#1': 3, ['__proto__']: 4 } }
const ping = (viewNumber: number) => ({ type: 'ping', viewNumber }) as const
const envelope = (message: unknown, to = 'b#1'): Envelope => ({ from: 'a#1', to, message, stamp }) as Envelope
const numbersIn = (received: readonly Envelope[]) =>
  received.map(({ message }) => (message as ReturnType<typeof ping>).viewNumber)

/** Registers the tests of the contract for one transport. */
export function transportContract(name: string, { open, skip = {} }: ContractOptions): void {
  let opened: OpenTransport | undefined

  /** An open network with `a#1`, which sends, at this end and `b#1` at the other. */
  const arrange = async () => {
    opened = await open()
    const received: Envelope[] = []
    const answers: Envelope[] = []
    opened.here.attach('a#1', (arrived) => void answers.push(arrived))
    const detach = opened.there.attach('b#1', (arrived) => void received.push(arrived))
    const { ready = async () => {} } = opened
    await ready()
    return { ...opened, ready, received, answers, detach }
  }

  const promise = (key: TransportPromise, run: () => Promise<void>) => {
    const reason = skip[key]
    if (reason === undefined) test(promises[key], run)
    else test.skip(`${promises[key]} (skipped: ${reason})`, run)
  }

  afterEach(async () => {
    await opened?.here.close()
    await opened?.there.close()
    await opened?.dispose?.()
    opened = undefined
  })

  describe(`the transport ${name}`, () => {
    promise('delivers', async () => {
      const { here, received, settle } = await arrange()
      const sent = envelope(ping(5))

      here.send(sent)
      await settle()

      expect(received).toEqual([sent])
      expect(Object.entries(received[0]!.stamp.vector)).toEqual(Object.entries(stamp.vector))
    })

    promise('later', async () => {
      const { here, received, settle } = await arrange()

      here.send(envelope(ping(1)))
      const atOnce = received.length
      await settle()

      expect([atOnce, received.length]).toEqual([0, 1])
    })

    promise('inOrder', async () => {
      const { here, received, settle } = await arrange()
      const numbers = Array.from({ length: 100 }, (_, index) => index)

      for (const number of numbers) here.send(envelope(ping(number)))
      await settle()

      expect(numbersIn(received)).toEqual(numbers)
    })

    promise('many', async () => {
      const { here, received, settle } = await arrange()

      for (let number = 0; number < 2000; number++) here.send(envelope(ping(number)))
      await settle()

      expect(new Set(numbersIn(received)).size).toBe(2000)
    })

    promise('addressee', async () => {
      const { here, there, received, ready, settle } = await arrange()
      const others: Envelope[] = []
      there.attach('c#1', (arrived) => void others.push(arrived))
      await ready()

      here.send(envelope(ping(1)))
      here.send(envelope(ping(2), 'c#1'))
      await settle()

      expect([numbersIn(received), numbersIn(others)]).toEqual([[1], [2]])
    })

    promise('nobody', async () => {
      const { here, received, settle } = await arrange()

      for (const to of ['absent#1', '', '__proto__', 'b']) here.send(envelope(ping(1), to))
      here.send(envelope(ping(2)))
      await settle()

      expect(numbersIn(received)).toEqual([2])
    })

    promise('copies', async () => {
      const { here, received, settle } = await arrange()
      const commands = [{ op: 'put', key: 'a', value: { n: 1 } }]
      const message = { type: 'request', viewNumber: 1, session: 1, seq: 1, commands, bytes: 1 }

      here.send(envelope(message))
      commands[0]!.value.n = 2
      await settle()
      const [arrived] = received as unknown as [{ message: { commands: typeof commands } }]
      commands[0]!.value.n = 3

      expect(arrived.message.commands[0]!.value.n).toBe(1)
    })

    promise('anyType', async () => {
      const { here, received, settle } = await arrange()
      const message = { type: 'neverHeardOf', deep: [{ x: null }, true, 1.5, -0.25] }

      here.send(envelope(message))
      await settle()

      expect(received.map((arrived) => arrived.message)).toEqual([message])
    })

    promise('anyText', async () => {
      const { here, received, settle } = await arrange()
      const texts = ['', '__proto__', 'constructor', '\u0000', '\u2028', '\ud800', '😀', '"\\\n']
      const values = Object.fromEntries(texts.map((text) => [text, text]))

      here.send(envelope({ type: 'any', values }))
      await settle()

      const [arrived] = received as unknown as [{ message: { values: typeof values } }]
      expect(Object.entries(arrived.message.values)).toEqual(texts.map((text) => [text, text]))
    })

    promise('large', async () => {
      const { here, received, settle } = await arrange()
      const text = 'x'.repeat(1_000_000)

      here.send(envelope({ type: 'large', text }))
      await settle()

      expect(received.map(({ message }) => (message as unknown as { text: string }).text === text)).toEqual([
        true,
      ])
    })

    promise('notJson', async () => {
      const { here, received, settle } = await arrange()
      const cyclic: { self?: unknown } = {}
      cyclic.self = cyclic

      for (const value of [1n, cyclic, () => {}, Symbol('s')]) here.send(envelope({ type: 'odd', value }))
      here.send(envelope(ping(2)))
      await settle()

      expect(numbersIn(received.filter(({ message }) => message.type === 'ping'))).toEqual([2])
    })

    promise('answers', async () => {
      const { here, there, answers, ready, settle } = await arrange()
      there.attach('c#1', ({ from, message }) => there.send({ from: 'c#1', to: from, message, stamp }))
      await ready()

      here.send(envelope(ping(3), 'c#1'))
      await settle()

      expect(numbersIn(answers)).toEqual([3])
    })

    promise('taken', async () => {
      const { there, here, received, settle } = await arrange()

      const refused = expect.objectContaining({ name: 'StandbyError', code: 'duplicateNode' })
      expect(() => there.attach('b#1', () => {})).toThrow(refused)

      here.send(envelope(ping(1)))
      await settle()
      expect(numbersIn(received)).toEqual([1])
    })

    promise('detached', async () => {
      const { here, received, detach, settle } = await arrange()
      here.send(envelope(ping(1)))

      detach()
      here.send(envelope(ping(2)))
      await settle()

      expect(received).toEqual([])
    })

    promise('again', async () => {
      const { here, there, received, detach, ready, settle } = await arrange()
      const successor: Envelope[] = []

      detach()
      there.attach('b#1', (arrived) => void successor.push(arrived))
      detach()
      await ready()
      here.send(envelope(ping(1)))
      await settle()

      expect([numbersIn(received), numbersIn(successor)]).toEqual([[], [1]])
    })

    promise('closed', async () => {
      const { here, there, received, settle } = await arrange()
      here.send(envelope(ping(1)))

      await there.close()
      here.send(envelope(ping(2)))
      there.send(envelope(ping(3)))
      await settle()

      expect(received).toEqual([])
    })

    promise('disposed', async () => {
      const { there, received, here, settle } = await arrange()

      await (there as Transport & AsyncDisposable)[Symbol.asyncDispose]()
      here.send(envelope(ping(1)))
      await settle()

      expect(received).toEqual([])
      expect(() => there.attach('c#1', () => {})).toThrow(expect.objectContaining({ code: 'stopped' }))
    })

    promise('closedTwice', async () => {
      const { here, there, settle } = await arrange()

      for (const end of [here, there, here, there]) await end.close()

      await expect(settle()).resolves.toBeUndefined()
    })

    promise('roles', async () => {
      opened = await open()
      const { here, there, settle } = opened
      const { nodes, refused, fromHere, fromThere, stop } = await startRoles(opened)
      const before = nodes.map(({ actor }) => actor.getSnapshot())

      for (const one of fromHere) here.send(one)
      for (const one of fromThere) there.send(one)
      await settle()
      const after = nodes.map(({ actor }) => actor.getSnapshot())
      stop()

      const shown = ({ from, to, message }: Envelope) => `${from} ${message.type} ${to}`
      expect(refused.map(({ reason }) => reason)).toEqual(refused.map(() => 'wrongRole'))
      expect(refused.map((one) => shown(one.envelope)).sort()).toEqual(
        [...fromHere, ...fromThere].map(shown).sort(),
      )
      expect(after.every((snapshot, index) => snapshot === before[index])).toBe(true)
    })

    promise('closedAttach', async () => {
      const { there } = await arrange()

      await there.close()

      const refused = expect.objectContaining({ name: 'StandbyError', code: 'stopped' })
      expect(() => there.attach('c#1', () => {})).toThrow(refused)
    })
  })
}
