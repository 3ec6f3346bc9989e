/** A set-up file of vitest: records the charts that the tests of a file run, and leaves the counts for the end of the run. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { recordMachines, setCurrentRecorder } from './hook.ts'
import { CoverageRecorder } from './recorder.ts'

const folder = process.env.STANDBY_CHART_COVERAGE
if (folder !== undefined) {
  const recorder = new CoverageRecorder()
  recordMachines(recorder)
  setCurrentRecorder(recorder)
  afterAll(() => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(recorder.report()))
  })
}
