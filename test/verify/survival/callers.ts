/** Callers of a system under faults: clients in this process, in processes of their own, and over HTTP. Each does one command at a time. */
import { type ChildProcess, fork } from 'node:child_process'
import type { KeyValueClient } from '../../../actors/client.ts'
import type { KeyValueCommand } from '../../../machines/application/key-value-store.ts'
import type { Json } from '../../../proof/history/index.ts'

/** The one who calls. */
export interface Caller {
  readonly name: string
  /** It never waits for a write, so that nothing but a refusal sends it to a new primary. */
  readonly onlyReads?: boolean
  /** Resolves with the result. @throws CallerGone where no one will ever know; all else is a failure */
  execute(command: KeyValueCommand): Promise<Json>
}

/** The caller's process was killed: what it had asked for may have happened. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone'
}

/** A client in this process. */
export function clientCaller(name: string, client: KeyValueClient, onlyReads = false): Caller {
  return { name, onlyReads, execute: (command) => executeOn(client, command) }
}

/** Executes on a client of the key-value store, however long it takes. */
export function executeOn(client: KeyValueClient, command: KeyValueCommand): Promise<Json> {
  const options = { timeoutMs: Number.POSITIVE_INFINITY }
  return client.execute(command, options) as Promise<Json>
}

/** A process with clients, which can be killed and started again; its callers go on with the next life. */
export interface ClientProcess {
  readonly callers: readonly Caller[]
  kill(): Promise<void>
  restart(): void
  end(): void
}

/** What a client process is reported and what it says. */
export type ClientOrder = {
  readonly call: number
  readonly client: number
  readonly command: KeyValueCommand
}
export type ClientWord = { readonly call: number; readonly result?: Json; readonly error?: string }

const root = new URL('../../..', import.meta.url).pathname
const program = new URL('./client-process.ts', import.meta.url).pathname

/** A process with `count` clients. `argumentsOf` a life: what the program is started with. */
export function startClientProcess(
  name: string,
  count: number,
  argumentsOf: (life: number) => readonly string[],
): ClientProcess {
  let child: ChildProcess
  let [life, calls] = [0, 0]
  const waiting = new Map<number, { resolve(result: Json): void; reject(error: Error): void }>()
  const isThere = () => child.exitCode === null && child.signalCode === null
  const restart = () => {
    life += 1
    child = fork(program, [...argumentsOf(life)], { cwd: root, execArgv: ['--import', 'tsx'] })
    child.on('message', ({ call, result, error }: ClientWord) => {
      const caller = waiting.get(call)
      waiting.delete(call)
      if (error === undefined) caller?.resolve(result!)
      else caller?.reject(new Error(error))
    })
  }
  restart()
  const execute = (client: number, command: KeyValueCommand) =>
    new Promise<Json>((resolve, reject) => {
      calls += 1
      if (!child.connected) return reject(new CallerGone(`${name} is not there`))
      waiting.set(calls, { resolve, reject })
      const order: ClientOrder = { call: calls, client, command }
      // The one who is being killed cannot be written to; `kill` tells the callers.
      child.send(order, () => {})
    })
  return {
    callers: Array.from({ length: count }, (_, client) => ({
      name: `${name}.${client}`,
      execute: (command: KeyValueCommand) => execute(client, command),
    })),
    restart() {
      if (!isThere()) restart()
    },
    async kill() {
      if (!isThere()) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      for (const caller of waiting.values()) caller.reject(new CallerGone(`${name} was killed`))
      waiting.clear()
    },
    end: () => void child.kill('SIGKILL'),
  }
}

/**
 * A caller over HTTP that numbers its operations and asks again until it is answered (S9); gateways may come and go.
 * `address` is asked before each request: one that differs each time hops between gateways.
 */
export function httpCaller(name: string, address: () => string): Caller {
  let session: string | null = null
  let sequence = 0
  const ask = async ({ method, path, body }: HttpCall, headers: Record<string, string> = {}) => {
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const signal = AbortSignal.timeout(5000)
    const response = await fetch(`http://${address()}/v1${path}`, { method, headers, signal, ...content })
    return {
      status: response.status,
      body: (await response.json()) as { session?: string; result?: Json; code?: string },
    }
  }
  /** Until there is an answer that is one. */
  const insist = async (call: HttpCall, headers: Record<string, string> = {}) => {
    for (;;) {
      const reply = await ask(call, headers).catch(() => null)
      if (reply !== null && reply.status < 300) return reply.body
      // An absent key, which the history calls null.
      if (reply?.status === 404 && reply.body.code === 'keyNotFound') return { result: null }
      if (reply !== null && reply.status < 500)
        throw new Error(`${reply.status}: ${JSON.stringify(reply.body)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return {
    name,
    async execute(command) {
      session ??= (await insist({ method: 'POST', path: '/sessions' })).session!
      sequence += 1
      const headers = { 'standby-session': session, 'standby-sequence': String(sequence) }
      return (await insist(httpCallOf(command), headers)).result!
    },
  }
}

interface HttpCall {
  readonly method: string
  readonly path: string
  readonly body?: Json
}

function httpCallOf(command: KeyValueCommand): HttpCall {
  const path = `/keys/${encodeURIComponent(command.key)}`
  switch (command.op) {
    case 'get':
      return { method: 'GET', path }
    case 'put':
      return { method: 'PUT', path, body: command.value }
    case 'delete':
      return { method: 'DELETE', path }
    case 'append':
      return { method: 'POST', path: `${path}/append`, body: { value: command.value } }
    case 'compareAndSet': {
      const { expected, value } = command
      return { method: 'POST', path: `${path}/compare-and-set`, body: { expected, value } }
    }
  }
}
