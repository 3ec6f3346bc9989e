/** The documents against the code: what is drawn, named and linked in them is there. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { chartsFolder, drawCharts } from '../docs/scripts/draw-charts.ts'

test('the drawings in docs/charts are those of the charts; npm run docs:charts draws them anew', async () => {
  const drawn = await drawCharts()

  expect(readdirSync(chartsFolder).sort()).toEqual([...drawn.keys()].sort())
  for (const [name, text] of drawn) {
    expect(
      readFileSync(`${chartsFolder}${name}`, 'utf8') === text,
      `docs/charts/${name} is as drawn now`,
    ).toBe(true)
  }
})
