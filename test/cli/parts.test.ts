/** What `standby run` is made of, without a terminal and without time: its clock, options, frames and keys. */
import { EventEmitter } from 'node:events'
import { Command } from 'commander'
import fc from 'fast-check'
import { VirtualTimeScheduler } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { TimeClock } from '../../actors/ports.ts'
import { type LiveModel, type LiveNode, renderLiveView } from '../../cli/demo/live-view.ts'
import { createPausableClock } from '../../cli/demo/pausable-clock.ts'
import { registerRun } from '../../cli/demo/run.ts'
import { openTerminal } from '../../cli/demo/terminal.ts'
import { decimalNumber, duration, wholeNumber } from '../../cli/options.ts'
import { openOutput } from '../../cli/output.ts'
import { schedulerClock } from '../../runtime/schedulers.ts'

/** A clock of which the process can stand still: afterwards every timer is late. */
function stallingClock() {
  let now = 0
  let timers: { run: () => void; due: number }[] = []
  const runDue = () => {
    for (;;) {
      const next = timers.filter(({ due }) => due <= now).sort((a, b) => a.due - b.due)[0]
      if (next === undefined) return
      timers = timers.filter((timer) => timer !== next)
      next.run()
    }
  }
  const inner: TimeClock = {
    now: () => now,
    setTimeout(run, ms) {
      const timer = { run, due: now + Math.max(1, ms) }
      timers.push(timer)
      return timer
    },
    clearTimeout: (handle) => {
      timers = timers.filter((timer) => timer !== handle)
    },
    soon: (run) => queueMicrotask(run),
  }
  return {
    inner,
    pass(ms: number) {
      for (let passed = 0; passed < ms; passed++) {
        now += 1
        runDue()
      }
    },
    stall(ms: number) {
      now += ms
      runDue()
    },
  }
}

describe('a clock that can be paused', () => {
  const build = () => {
    const scheduler = new VirtualTimeScheduler()
    const clock = createPausableClock(schedulerClock(scheduler))
    const fired: string[] = []
    const pass = (ms: number) => {
      const frame = scheduler.frame + ms
      scheduler.maxFrames = frame
      scheduler.flush()
      scheduler.frame = frame
    }
    return { scheduler, clock, fired, pass }
  }

  test('timers fire in the order of their times', () => {
    const { clock, fired, pass } = build()
    clock.setTimeout(() => fired.push(`b ${clock.now()}`), 50)
    clock.setTimeout(() => fired.push(`a ${clock.now()}`), 20)
    pass(100)
    expect(fired).toEqual(['a 20', 'b 50'])
  })

  test('while it stands no timer fires and no time passes; afterwards the rest of the wait is waited', () => {
    const { clock, fired, pass } = build()
    clock.setTimeout(() => fired.push('late'), 50)
    pass(20)
    clock.pause()
    pass(1000)
    expect([clock.now(), fired]).toEqual([20, []])
    clock.resume()
    pass(29)
    expect(fired).toEqual([])
    pass(1)
    expect([clock.now(), fired]).toEqual([50, ['late']])
  })

  test('a timer that is set while it stands waits for it to go on', () => {
    const { clock, fired, pass } = build()
    clock.pause()
    clock.setTimeout(() => fired.push('x'), 10)
    pass(100)
    expect(fired).toEqual([])
    clock.resume()
    pass(10)
    expect(fired).toEqual(['x'])
  })

  test('a cleared timer never fires, paused or not, and leaves nothing behind', () => {
    const { clock, fired, pass, scheduler } = build()
    const first = clock.setTimeout(() => fired.push('first'), 10)
    const second = clock.setTimeout(() => fired.push('second'), 10)
    clock.clearTimeout(first)
    clock.pause()
    clock.clearTimeout(second)
    clock.clearTimeout(second)
    clock.clearTimeout(undefined)
    clock.resume()
    pass(100)
    expect(fired).toEqual([])
    expect(scheduler.actions).toEqual([])
  })

  test('a stall of the process is no time, and time never goes back', () => {
    const { inner, stall, pass } = stallingClock()
    const clock = createPausableClock(inner)
    const fired: number[] = []
    const seen: number[] = []
    clock.setTimeout(() => fired.push(clock.now()), 300)
    pass(40)
    for (let round = 0; round < 3; round++) {
      stall(5000)
      seen.push(clock.now())
    }
    expect(seen).toEqual([100, 160, 220])
    pass(79)
    expect(fired).toEqual([])
    pass(1)
    expect(fired).toEqual([300])
  })

  test('pausing twice and resuming twice are harmless', () => {
    const { clock, fired, pass } = build()
    clock.setTimeout(() => fired.push('x'), 10)
    clock.pause()
    clock.pause()
    clock.resume()
    clock.resume()
    pass(10)
    expect([fired, clock.paused]).toEqual([['x'], false])
  })
})

describe('options', () => {
  /** What the command line says to these arguments of `run`, without starting anything. */
  const refusalOf = async (...args: string[]): Promise<string> => {
    let said = ''
    const program = new Command('standby').exitOverride().configureOutput({
      writeErr: (text) => {
        said += text
      },
    })
    registerRun(program)
    await program.parseAsync(['run', ...args], { from: 'user' }).catch(() => {})
    return said
  }

  test.each([
    [
      ['--for', '10'],
      "argument '10' is invalid. Expected a number with a unit, such as 500ms, 10s, 2m or 1h.",
    ],
    [['--servers', '0'], 'Expected a whole number from 1 to 50.'],
    [['--clients', 'many'], 'Expected a whole number from 1 to 100.'],
    [['--rate', '0'], 'Expected a number from 0.1 to 1000.'],
    [['--seed', '1.5'], 'Expected a whole number from 0 to 2147483647.'],
    [['--level', 'loud'], 'Allowed choices are story, debug.'],
    [['--json', '--plain'], "option '--json' cannot be used with option '--plain'"],
    [['--nothing'], "unknown option '--nothing'"],
    [['more'], "too many arguments for 'run'"],
    [['--trace', '/nowhere/at/all'], 'expected a file that can be written, got ENOENT'],
  ])('run %j is refused with what to do', async (args, message) => {
    expect(await refusalOf(...args)).toContain(message)
  })

  test.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ])('%s is a duration', (text, ms) => {
    expect(duration(text)).toBe(ms)
  })

  test.each(['10', '', '10 s', '-1s', '1w', 'soon', '1e3s', '99ms', '25h', 'NaNs'])('%s is none', (text) => {
    expect(() => duration(text)).toThrow(/^Expected (a number with a unit|at least 100ms|at most 24h)/)
  })

  test('numbers are read in their range only', () => {
    expect([wholeNumber(1, 50)('50'), decimalNumber(0.1, 9)('2.5')]).toEqual([50, 2.5])
    for (const wrong of ['0', '51', '2.5', 'x', '', '0x1', '1e1']) {
      expect(() => wholeNumber(1, 50)(wrong)).toThrow('Expected a whole number from 1 to 50')
    }
    for (const wrong of ['0', '10', '-1', '1e1', 'Infinity']) {
      expect(() => decimalNumber(0.1, 9)(wrong)).toThrow('Expected a number from 0.1 to 9')
    }
  })
})

function node(id: string, role: string, kind: LiveNode['kind'] = 'server'): LiveNode {
  return { id, kind, role, state: 'awaitingBackupAck', view: 12, applied: 345, lamport: 6789 }
}

function model(changes: Partial<LiveModel> = {}): LiveModel {
  return {
    seconds: 75,
    seed: 1,
    address: null,
    paused: false,
    playing: true,
    view: { number: 12, primary: 's1#1', backup: 's2#1' },
    acknowledged: true,
    cut: null,
    stuck: null,
    scene: 's1#1, the primary, is killed. Its backup has all that any client was ever answered.',
    nodes: [
      node('view-service', 'decides', 'viewService'),
      node('s1#1', 'primary'),
      node('s2#1', 'backup'),
      node('s3#1', 'crashed'),
      node('c1#1', 'client', 'client'),
    ],
    answered: 100,
    unanswered: 0,
    problems: 0,
    failovers: 1,
    longestWaitMs: 123,
    waitingMs: 0,
    rates: [1, 5, 9],
    events: Array.from({ length: 40 }, (_, index) => ({
      t: index * 100,
      kind: 'role' as const,
      node: 's1#1',
      state: 'primary.serving',
      lamport: index,
      operations: ['1/2/0'],
      text: `event ${index} with a text that is longer than many a terminal is wide, as sentences often are`,
    })),
    startedAt: 0,
    ...changes,
  }
}

describe('live view', () => {
  const plain = (columns: number, rows: number, changes: Partial<LiveModel> = {}) =>
    renderLiveView(model(changes), { columns, rows, colour: false })

  test('a frame fits its terminal with any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 12, max: 250 }), fc.integer({ min: 2, max: 80 }), (columns, rows) => {
        const lines = plain(columns, rows)
        expect(lines.length).toBeLessThanOrEqual(rows - 1)
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
      }),
    )
  })

  test('at 110 by 35 it shows the view, every node, the operations, the last events and the keys', () => {
    const text = plain(110, 35).join('\n')
    for (const shown of [
      'View 12   primary s1#1, backup s2#1, acknowledged',
      's1#1, the primary, is killed.',
      's1#1         ● primary',
      's2#1         ◐ backup',
      's3#1         × crashed',
      '9/s   100 answered, all as they must be   longest wait 123 ms   one failover',
      'event 39',
      'c crash primary',
      'q quit',
      '1:15',
    ]) {
      expect(text).toContain(shown)
    }
  })

  test('when not all nodes fit, servers are shown before clients', () => {
    const nodes = [
      ...Array.from({ length: 30 }, (_, index) => node(`c${index}#1`, 'client', 'client')),
      node('s1#1', 'primary'),
      node('s2#1', 'backup'),
    ]
    const text = plain(100, 24, { nodes }).join('\n')
    expect(text).toContain('s1#1')
    expect(text).toContain('s2#1')
    expect(text).toMatch(/and \d+ more/)
  })

  test('a narrow terminal keeps node, role and view', () => {
    const [header] = plain(40, 30).filter((line) => line.includes('node'))
    expect(header?.trim().split(/ +/)).toEqual(['node', 'role', 'view'])
  })

  test.each([
    [{ paused: true }, 'paused'],
    [{ problems: 2 }, '2 WRONG'],
    [{ unanswered: 3 }, '3 without an answer'],
    [{ cut: 's1#1 cut off' }, 'network: s1#1 cut off'],
    [{ playing: false }, 'the faults are yours'],
    [{ stuck: 'the state died with s1#1' }, 'Stuck    the state died with s1#1'],
    [{ waitingMs: 1500 }, 'waiting 1.5 s'],
    [{ acknowledged: false }, 'not acknowledged yet'],
    [{ view: { number: 0, primary: null, backup: null } }, 'no server has offered itself yet'],
    [{ view: { number: 3, primary: 's1#1', backup: null } }, 'primary s1#1, no backup'],
  ] as [Partial<LiveModel>, string][])('%o is shown in words', (changes, words) => {
    expect(plain(130, 40, changes).join('\n')).toContain(words)
  })
})

describe('terminal', () => {
  const build = () => {
    const written: string[] = []
    const raw: boolean[] = []
    const stdin = Object.assign(new EventEmitter(), {
      isTTY: true,
      setRawMode: (mode: boolean) => raw.push(mode),
      setEncoding() {},
      resume() {},
      pause: () => raw.push(false),
    })
    const stdout = Object.assign(new EventEmitter(), {
      isTTY: true,
      columns: 80,
      rows: 24,
      write: (text: string) => written.push(text),
    })
    const keys: string[] = []
    let resized = 0
    const terminal = openTerminal({
      stdin: stdin as unknown as NodeJS.ReadStream,
      stdout: stdout as unknown as NodeJS.WriteStream,
      onKey: (key) => keys.push(key),
      onResize: () => {
        resized += 1
      },
    })
    return { terminal, stdin, stdout, written, raw, keys, resized: () => resized }
  }

  test('it is given back as it was: the first screen, no raw mode, no listener; twice is once', () => {
    const exits = process.listenerCount('exit')
    const { terminal, stdin, stdout, written, raw } = build()
    terminal.draw(['hello'])
    terminal.restore()
    const length = written.length
    terminal.restore()
    terminal.draw(['again'])
    expect(written[0]).toContain('\u001b[?1049h')
    expect(written.join('')).toContain('\u001b[?1049l')
    expect(written).toHaveLength(length)
    expect([raw[0], raw.at(-1)]).toEqual([true, false])
    expect([stdin.listenerCount('data'), stdout.listenerCount('resize')]).toEqual([0, 0])
    expect(process.listenerCount('exit')).toBe(exits)
  })

  test('an error that no one catches is printed on the first screen', () => {
    const { terminal, written } = build()
    process.emit('uncaughtExceptionMonitor' as never, new Error('bad') as never)
    expect(written.join('')).toContain('\u001b[?1049l')
    terminal.restore()
  })

  test("keys come one by one; arrows and other sequences are no one's", () => {
    const { terminal, stdin, keys } = build()
    for (const data of ['cb', '\u001b[A', '\u0003', '\u001b']) stdin.emit('data', data)
    terminal.restore()
    stdin.emit('data', 'q')
    expect(keys).toEqual(['c', 'b', '\u0003', '\u001b'])
  })

  test('a new size clears the screen and draws again', () => {
    const { terminal, stdout, written, resized } = build()
    stdout.emit('resize')
    expect(resized()).toBe(1)
    expect(written.at(-1)).toContain('\u001b[2J')
    terminal.restore()
  })
})

describe('output', () => {
  const build = () => {
    const written: string[] = []
    const stream = Object.assign(new EventEmitter(), { write: (text: string) => written.push(text) })
    const output = openOutput(stream as unknown as NodeJS.WriteStream)
    const fail = (code: string) => stream.emit('error', Object.assign(new Error(code), { code }))
    return { output, written, fail }
  }

  test.each(['EPIPE', 'EIO', 'ECONNRESET'])(
    '%s means that the reader has gone, which is no error',
    (code) => {
      const { output, written, fail } = build()
      const closings: unknown[] = []
      output.onClosed((error) => closings.push(error))
      fail(code)
      fail(code)
      output.writeLine('unread')
      expect([closings, written]).toEqual([[null], []])
    },
  )

  test('a full disk is an error', () => {
    const { output, fail } = build()
    fail('ENOSPC')
    const closings: unknown[] = []
    output.onClosed((error) => closings.push(error))
    expect(closings).toEqual([expect.objectContaining({ code: 'ENOSPC' })])
  })
})
