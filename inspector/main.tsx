/** Starts the page: panels and commands register themselves, the shell is drawn, an embedded trace is opened. */
import { render } from 'preact'
import { startAnnouncer } from './app/announcer.ts'
import { registerBasicCommands } from './app/basic-commands.ts'
import { takeKey } from './app/commands.ts'
import { registerExportCommands } from './app/export-commands.ts'
import { startOpening } from './app/open.ts'
import { startPlayer } from './app/player.ts'
import { Shell } from './app/shell.tsx'
import { openFeed } from './app/sink.ts'
import { restorePage, startUrl, wantedRun } from './app/url.ts'
import { embeddedFeed } from './feeds/embedded.ts'
import { listenToOpener } from './feeds/message-port.ts'
import { registerDiagramCommands } from './panels/diagram/commands.ts'
import { startKeepingInSight } from './panels/diagram/viewport.ts'
import { registerDriving } from './panels/drive/index.ts'
import { openNamed } from './panels/drive/session.ts'
import { registerBasicPanels } from './panels/index.ts'
import { startPreparingLayouts } from './panels/layouts.ts'
import { registerLive } from './panels/live/index.ts'
import { startServed } from './panels/live/session.ts'

registerBasicCommands()
registerExportCommands()
registerDiagramCommands()
registerBasicPanels()
registerDriving()
registerLive()

restorePage()
render(<Shell />, document.getElementById('page')!)
startUrl()
startPlayer()
startAnnouncer()
startKeepingInSight()
startOpening()
startPreparingLayouts()
addEventListener('keydown', takeKey)

const embedded = embeddedFeed(document)
if (embedded !== null) openFeed(embedded, { source: 'embedded' })
else if (!startServed(location)) openNamed(wantedRun())

listenToOpener(window, (feed, from) => openFeed(feed, { source: from, live: true }))
