/** A way of showing a run: lines, a live view or JSON. */
import type { Playground, PlaygroundOptions } from './playground.ts'
import type { Summary } from './summary.ts'

export interface View {
  readonly callbacks: Pick<PlaygroundOptions, 'onEvent' | 'onScene' | 'onAnswer'>
  /** The run has begun; `quit` ends it. */
  begin(playground: Playground, quit: () => void): void
  /** The workload has ended and the answers are being judged. */
  end(): void
  summarise(summary: Summary): void
}
