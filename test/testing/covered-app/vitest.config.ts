/** The configuration of an app whose charts are covered; `coverage.test.ts` runs it. */
import { defineConfig } from 'vitest/config'
import { chartCoverage } from '../../../proof/testing/coverage/plugin.ts'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [
    chartCoverage({
      reporters: ['text', 'json', 'html'],
      directory: process.env.COVERAGE_DIRECTORY ?? 'coverage',
      thresholds: { transitions: Number(process.env.COVERAGE_MIN ?? 0) },
    }),
  ],
  test: { include: ['*.spec.ts'] },
})
