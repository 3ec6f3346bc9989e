/** Taking the shown run elsewhere: a command for each format, and one for a page to mail, each a download. */
import { type ExportFormat, exportFormats, toStory } from '../../runtime/trace/exports/index.ts'
import { traceOfRun } from '../model/run-trace.ts'
import { registerCommands } from './commands.ts'
import { announcement, cursor, node, report, run, source } from './state.ts'

/** What the menu offers, in its order: ids of commands. */
export const exportCommandIds = ['export.story', ...exportFormats.map(({ id }) => `export.${id}`)]

export function registerExportCommands(): void {
  const enabled = () => run.value !== null
  registerCommands(
    {
      id: 'export.story',
      title: 'Save as one page to mail',
      group: 'Export',
      run: () => download('.html', 'text/html', () => toStory(traceOfRun(run.value!), pageText())),
      enabled,
    },
    ...exportFormats.map((format) => ({
      id: `export.${format.id}`,
      title: `Save as ${format.title}`,
      group: 'Export',
      run: () => download(format.extension, format.mediaType, () => written(format)),
      enabled,
    })),
  )
}

/** The test is of the step at the cursor, the chart is the shown node's. */
function written(format: ExportFormat): string {
  const current = run.value!
  const machine = current.lane(node.value)?.machine
  const step = format.id === 'vitest' ? { step: cursor.value - current.first } : {}
  return format.write(traceOfRun(current), { ...step, ...(machine == null ? {} : { machine }) })
}

function download(extension: string, type: string, make: () => string): void {
  let text: string
  try {
    text = make()
  } catch (error) {
    report(error instanceof Error ? error.message : String(error))
    return
  }
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${fileName()}${extension}`
  link.click()
  announcement.value = `${link.download} is saved`
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

function fileName(): string {
  const name = source.value
    .replace(/^\w+:/, '')
    .replace(/\.\w+$/, '')
    .replaceAll(/[^\w.-]+/g, '-')
  return name === '' ? 'run' : name
}

/** The page as it was loaded: without what it shows, and without a trace that was in it. */
function pageText(): string {
  const copy = document.documentElement.cloneNode(true) as HTMLElement
  copy.querySelector('#page')?.replaceChildren()
  const trace = copy.querySelector('script#trace')
  // With the line break that was put before it.
  if (trace?.previousSibling?.nodeType === Node.TEXT_NODE) trace.previousSibling.remove()
  trace?.remove()
  // The line break at the end of the file, which a parser puts into the body.
  const last = copy.querySelector('body')?.lastChild
  if (last?.nodeType === Node.TEXT_NODE) last.remove()
  copy.removeAttribute('data-theme')
  copy.querySelector('body')?.removeAttribute('class')
  return `<!doctype html>\n${copy.outerHTML}\n`
}
