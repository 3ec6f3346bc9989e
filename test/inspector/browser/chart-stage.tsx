/** A page with one chart on it and nothing else: what is fired is listed in its title. */
import { render } from 'preact'
import { ChartFrame } from '../../../inspector/charts/chart-frame.tsx'

const { machine, active, enabled } = JSON.parse(document.getElementById('machine')!.textContent!)
const fired: string[] = []

render(
  <div style="width: 900px; height: 700px">
    <ChartFrame
      machine={machine}
      active={active}
      enabled={enabled}
      onFire={(event) => {
        fired.push(event)
        document.title = fired.join(' ')
      }}
    />
  </div>,
  document.getElementById('page')!,
)
