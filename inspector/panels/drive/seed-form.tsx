/** A seed of the simulator, run in the page and opened as a run. */
import { useSignal } from '@preact/signals'
import { runSeed } from '../../../proof/stage/seeds.ts'
import { openText } from '../../app/open.ts'
import { runTitle } from '../../app/state.ts'
import { openBlank } from './session.ts'

export function SeedForm() {
  const seed = useSignal('7')
  const calls = useSignal('40')
  const isRunning = useSignal(false)
  const start = () => {
    isRunning.value = true
    // The page shows that it is at work before it is.
    setTimeout(() => {
      const { lines, result } = runSeed(Number(seed.value), Number(calls.value))
      isRunning.value = false
      openText(`${lines.join('\n')}\n`, `seed:${seed.value}:${calls.value}`)
      runTitle.value = `seed ${seed.value}: ${result.verdict}${result.reason === null ? '' : `, ${result.reason}`}`
    }, 30)
  }
  return (
    <form
      class="seed-form"
      aria-label="Simulate a seed"
      onSubmit={(event) => {
        event.preventDefault()
        start()
      }}
    >
      <label>
        Simulate seed{' '}
        <input
          type="number"
          min={0}
          max={2 ** 31 - 1}
          required
          value={seed.value}
          onInput={(event) => (seed.value = event.currentTarget.value)}
        />
      </label>
      <label>
        with{' '}
        <input
          type="number"
          min={1}
          max={400}
          required
          value={calls.value}
          onInput={(event) => (calls.value = event.currentTarget.value)}
        />{' '}
        calls
      </label>
      <button type="submit" disabled={isRunning.value}>
        {isRunning.value ? 'running …' : 'run it here'}
      </button>
      <span class="or">or</span>
      <button type="button" onClick={() => openBlank({ servers: ['s1', 's2', 's3'], clients: ['c1', 'c2'] })}>
        drive three servers by hand
      </button>
    </form>
  )
}
