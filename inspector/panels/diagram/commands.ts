/** The commands of the diagram: zooming, fitting, panning. */
import { registerCommands } from '../../app/commands.ts'
import { currentRun } from '../../app/state.ts'
import { fit, panBy, width, zoomBy } from './viewport.ts'

const enabled = () => currentRun() !== null
const group = 'Look'

/** Adds them to the list. */
export function registerDiagramCommands(): void {
  registerCommands(
    { id: 'diagram.fit', group, title: 'The whole run in sight', keys: ['f'], enabled, run: fit },
    { id: 'diagram.in', group, title: 'Zoom in', keys: ['.', '>'], enabled, run: () => zoomBy(1.5) },
    { id: 'diagram.out', group, title: 'Zoom out', keys: [',', '<'], enabled, run: () => zoomBy(1 / 1.5) },
    {
      id: 'diagram.right',
      group,
      title: 'Later',
      keys: ['PageDown'],
      enabled,
      run: () => panBy(width.value * 0.8),
    },
    {
      id: 'diagram.left',
      group,
      title: 'Earlier',
      keys: ['PageUp'],
      enabled,
      run: () => panBy(-width.value * 0.8),
    },
  )
}
