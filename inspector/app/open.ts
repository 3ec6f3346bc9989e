/** The ways to open a trace or a system by hand: a file, a text, a drop anywhere on the page, a paste. */

import { World } from '../../proof/stage/world.ts'
import { isWorldText } from '../../proof/stage/world-file.ts'
import { recognise } from '../../runtime/trace/imports/recognise.ts'
import { fileFeed, type ReadingOptions, textFeed } from '../feeds/file.ts'
import { isModule, stagedFile } from '../panels/drive/own-system.ts'
import { openOwn, openWorldText } from '../panels/drive/session.ts'
import { showComparison } from './other-run.ts'
import { openFeed, openSecond } from './sink.ts'
import { report } from './state.ts'

/** Files that were chosen or dropped together: a system, a world, a trace, or files of one run. */
export async function openFiles(files: readonly File[], options: ReadingOptions = {}): Promise<void> {
  const [file] = files
  if (file === undefined) return
  if (files.length === 1 && isModule(file)) return openModule(file)
  const isWorld = files.length === 1 && isWorldText(await file.slice(0, 400).text())
  if (isWorld) return openWorldText(await file.text())
  const more = files.length === 1 ? '' : ` and ${files.length - 1} more`
  openFeed(fileFeed(files, options), { source: `file:${file.name}${more}` })
}

/** Stages the system that a module exports, to be driven by hand. */
async function openModule(file: File): Promise<void> {
  try {
    openOwn(new World({ title: file.name, staged: await stagedFile(file) }))
  } catch (error) {
    // The source of a chart is no module that runs here, and its chart can be shown.
    if (recognise(await file.text()) !== null)
      return openFeed(fileFeed(file), { source: `file:${file.name}` })
    report(`${file.name} cannot be opened: ${(error as Error).message}`)
  }
}

/** A second trace, beside the one that is shown. */
export function openOther(file: File): void {
  showComparison()
  openSecond(fileFeed(file), `file:${file.name}`)
}

export function openText(text: string, name: string, options: ReadingOptions = {}): void {
  if (isWorldText(text)) openWorldText(text)
  else openFeed(textFeed(text, options), { source: name })
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
    void openFiles([...(event.dataTransfer?.files ?? [])])
  })
  addEventListener('paste', (event) => {
    if (event.target instanceof HTMLElement && event.target.closest('input, textarea') !== null) return
    const files = [...(event.clipboardData?.files ?? [])]
    const text = event.clipboardData?.getData('text') ?? ''
    if (files.length > 0) void openFiles(files)
    else if (text.trim() !== '') openText(text, 'pasted')
  })
}
