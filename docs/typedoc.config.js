/** The API reference: one page per public door, from the docstrings, into docs/api (`npm run docs:api`; not committed). */
import { existsSync, readFileSync } from 'node:fs'
import { Comment, Converter, ReflectionKind, UnknownType } from 'typedoc'

const fileOf = (path) => new URL(path, import.meta.url)
const { exports } = JSON.parse(readFileSync(fileOf('../package.json'), 'utf8'))

/** The doors are those of package.json; each is read from its source: `./machines` from `../machines/index.ts`. */
const doors = Object.entries(exports)
  .filter(([, target]) => target.default?.startsWith('./dist/'))
  .map(([door, target]) => ({
    name: door === '.' ? 'standby' : `standby/${door.slice(2)}`,
    source: target.default.replace('./dist/', '../').replace(/\.js$/, '.ts'),
  }))
  .filter(({ source }) => existsSync(fileOf(source)))

/** Modules are named by their doors and introduced by the first comment of their file; unreadably long types are cut. */
function shape(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const door = doors.find(({ source }) => source.replace(/^\.\.\/|(\/index)?\.ts$/g, '') === module.name)
      if (door === undefined) continue
      module.name = door.name
      const [, text] = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(fileOf(door.source), 'utf8')) ?? []
      if (text) module.comment = new Comment([{ kind: 'text', text: text.replace(/^\s*\* ?/gm, '').trim() }])
    }
    for (const signature of project.getReflectionsByKind(ReflectionKind.CallSignature)) {
      const type = signature.type?.toString() ?? ''
      if (type.length > 600) signature.type = new UnknownType(`${type.slice(0, type.indexOf('<'))}<...>`)
    }
  })
}

export default {
  entryPoints: doors.map(({ source }) => source),
  tsconfig: '../tsconfig.json',
  plugin: ['typedoc-plugin-markdown', shape],
  out: 'api',
  name: 'standby',
  readme: 'none',
  router: 'module',
  hideGenerator: true,
  hideBreadcrumbs: true,
  disableSources: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  hidePageHeader: true,
  groupOrder: ['Functions', 'Variables', 'Classes', 'Interfaces', '*'],
  sort: ['source-order'],
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  skipErrorChecking: true,
  validation: { notExported: false, invalidLink: true, notDocumented: false },
}
