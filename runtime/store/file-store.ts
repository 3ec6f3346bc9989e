/** A store on one file that is replaced as a whole: a kill or a power cut at any moment leaves the value before or the value after. */
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { StandbyError } from '../../actors/errors.ts'
import { type FileSystem, nodeFileSystem, refuseUnwritable } from './file-system.ts'
import type { Store } from './store.ts'

/** What the file is, and where. */
export interface FileStoreOptions<Value> {
  readonly path: string
  /** What the value is, in the file's own words, such as `standby-view`; a file of another format is refused. */
  readonly format: string
  /** Of the value's shape, from 1 on; a file of another version is refused. */
  readonly version: number
  readonly schema: v.GenericSchema<unknown, Value>
  /** Default: that of the operating system. */
  readonly files?: FileSystem
}

const header = v.object({
  format: v.string(),
  version: v.number(),
  bytes: v.number(),
  sha256: v.string(),
})

/**
 * A file of two lines of JSON: what follows, with its length and checksum, and the value.
 *
 * It is written beside the old one, synced, renamed over it, and the folder synced: only then `save` returns.
 */
export function createFileStore<Value>(options: FileStoreOptions<Value>): Store<Value> {
  const { path, format, version, schema, files = nodeFileSystem } = options
  const folder = dirname(path)
  const draft = `${path}.draft`

  const refused = (got: string, cause?: unknown) =>
    new StandbyError(
      'invalidStore',
      `expected ${path} to hold a whole ${format} of version ${version}, got ${got}; restore the file that this node wrote last`,
      { cause },
    )

  return {
    load() {
      const bytes = files.read(path)
      if (bytes === null) return null
      const { head, body } = parted(bytes)
      if (head === null) throw refused('a file of another kind')
      if (head.format !== format) throw refused(`a file of the format ${JSON.stringify(head.format)}`)
      if (head.version !== version) throw refused(`version ${head.version}`)
      if (body.length !== head.bytes)
        throw refused(`${body.length} bytes where ${head.bytes} were written: it is torn`)
      if (checksum(body) !== head.sha256)
        throw refused('bytes that do not match their checksum: it is damaged')
      const { success, output, issues } = v.safeParse(schema, parsed(body))
      if (!success) throw refused(`${v.getDotPath(issues[0]) ?? 'a value'}: ${issues[0].message}`)
      return output
    },
    save(value) {
      const body = Buffer.from(`${JSON.stringify(value)}\n`)
      const head = { format, version, bytes: body.length, sha256: checksum(body) }
      try {
        files.ensureFolder(folder)
        const file = files.create(draft)
        try {
          file.write(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]))
          file.sync()
        } finally {
          file.close()
        }
        files.rename(draft, path)
        files.syncFolder(folder)
      } catch (error) {
        refuseUnwritable(path, error)
      }
    },
  }
}

function parted(bytes: Uint8Array): { head: v.InferOutput<typeof header> | null; body: Uint8Array } {
  const end = bytes.indexOf(10)
  const { success, output } = v.safeParse(header, parsed(bytes.subarray(0, Math.max(0, end))))
  return { head: success ? output : null, body: bytes.subarray(end + 1) }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}

function checksum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
