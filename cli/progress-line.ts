/** One line on a terminal that is written again and again; nothing without a terminal. */
export interface ProgressLine {
  /** @param share how much is done, in [0, 1]; null if unknown */
  show(share: number | null, text: string): void
  end(): void
}

const barWidth = 24
const everyMs = 100

export function progressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  if (!stream.isTTY) return { show() {}, end() {} }
  let shownAt = 0
  return {
    show(share, text) {
      const now = performance.now()
      if (now - shownAt < everyMs && share !== 1) return
      shownAt = now
      const full = share === null ? 0 : Math.round(share * barWidth)
      const bar =
        share === null
          ? ''
          : `${'━'.repeat(full)}${'╌'.repeat(barWidth - full)} ${Math.floor(share * 100)} %  `
      stream.write(`\r\x1b[2K${`${bar}${text}`.slice(0, (stream.columns ?? 80) - 1)}`)
    },
    end: () => void stream.write('\r\x1b[2K'),
  }
}
