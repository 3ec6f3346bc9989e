/** The ways to open a trace or a system by hand: a file, a text, a drop anywhere on the page, a paste. */

import { World } from '../../proof/stage/world.ts'
import { isWorldText } from '../../proof/stage/world-file.ts'
import { fileFeed, textFeed } from '../feeds/file.ts'
import { isModule, stagedFile } from '../panels/drive/own-system.ts'
import { openOwn, openWorldText } from '../panels/drive/session.ts'
import { showComparison } from './other-run.ts'
import { openFeed, openSecond } from './sink.ts'
import { report } from './state.ts'

export async function openFile(file: File): Promise<void> {
  if (isModule(file)) return openModule(file)
  const isWorld = isWorldText(await file.slice(0, 400).text())
  if (isWorld) openWorldText(await file.text())
  else openFeed(fileFeed(file), { source: `file:${file.name}` })
}

/** Stages the system that a module exports, to be driven by hand. */
async function openModule(file: File): Promise<void> {
  try {
    openOwn(new World({ title: file.name, staged: await stagedFile(file) }))
  } catch (error) {
    report(`${file.name} cannot be opened: ${(error as Error).message}`)
  }
}

/** A second trace, beside the one that is shown. */
export function openOther(file: File): void {
  showComparison()
  openSecond(fileFeed(file), `file:${file.name}`)
}

export function openText(text: string, name: string): void {
  if (isWorldText(text)) openWorldText(text)
  else openFeed(textFeed(text), { source: name })
}

/** Files dropped anywhere, and traces pasted outside of text fields. */
export function startOpening(): void {
  addEventListener('dragover', (event) => {
    event.preventDefault()
    document.body.classList.add('dragging')
  })
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) document.body.classList.remove('dragging')
  })
  addEventListener('drop', (event) => {
    event.preventDefault()
    document.body.classList.remove('dragging')
    const file = event.dataTransfer?.files[0]
    if (file !== undefined) openFile(file)
  })
  addEventListener('paste', (event) => {
    if (event.target instanceof HTMLElement && event.target.closest('input, textarea') !== null) return
    const file = event.clipboardData?.files[0]
    const text = event.clipboardData?.getData('text') ?? ''
    if (file !== undefined) openFile(file)
    else if (text.trim() !== '') openText(text, 'pasted')
  })
}
