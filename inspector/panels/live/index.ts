/** Registers the panel of a live system. */
import { registerPanels } from '../../app/panels.ts'
import { LivePanel } from './live-panel.tsx'
import { system } from './session.ts'

export function registerLive(): void {
  registerPanels({
    id: 'live',
    title: 'Live',
    place: 'drive',
    order: 20,
    Panel: LivePanel,
    applies: () => system.value !== null,
  })
}
