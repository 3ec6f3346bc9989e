/** The panels that the page has by itself, each in its place. */
import { chartSlot, registerPanels } from '../app/panels.ts'
import { step } from '../app/state.ts'
import { CausalityPanel } from './causality-panel.tsx'
import { ChartsPanel } from './charts-panel.tsx'
import { ClocksPanel } from './clocks-panel.tsx'
import { ComparePanel } from './compare-panel.tsx'
import { MessagePanel } from './message-panel.tsx'
import { NodeChart } from './node-chart.tsx'
import { OperationsPanel } from './operations-panel.tsx'
import { StatePanel } from './state-panel.tsx'
import { StepList } from './step-list.tsx'
import { WatchesPanel } from './watches-panel.tsx'
import { WhyPanel } from './why-panel.tsx'

/** Adds them to the list. */
export function registerBasicPanels(): void {
  chartSlot.value = NodeChart
  registerPanels(
    { id: 'state', title: 'State', place: 'details', order: 10, Panel: StatePanel },
    {
      id: 'message',
      title: 'Message',
      place: 'details',
      order: 20,
      Panel: MessagePanel,
      applies: () => step.value?.message !== undefined,
    },
    { id: 'why', title: 'Why', place: 'details', order: 15, Panel: WhyPanel },
    { id: 'causality', title: 'Causality', place: 'details', order: 25, Panel: CausalityPanel },
    { id: 'clocks', title: 'Clocks', place: 'details', order: 30, Panel: ClocksPanel },
    { id: 'steps', title: 'Steps', place: 'below', order: 10, Panel: StepList },
    { id: 'compare', title: 'Compare', place: 'below', order: 30, Panel: ComparePanel },
    { id: 'operations', title: 'Operations', place: 'below', order: 20, Panel: OperationsPanel },
    { id: 'watches', title: 'Watches', place: 'below', order: 25, Panel: WatchesPanel },
    { id: 'charts', title: 'All on one chart', place: 'below', order: 15, Panel: ChartsPanel },
  )
}
