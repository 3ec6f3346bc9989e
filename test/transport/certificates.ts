/** An authority and certificates for tests, made by openssl in a folder of their own. It asserts nothing. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openssl as program, requireProgram } from '../support/programs.ts'

/** A key with its certificate, and the authority that signed it. */
export interface Identity {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

/** An identity for each common name; all are good for 127.0.0.1. `foreign` is signed by another authority. */
export function createIdentities<Name extends string>(
  ...names: readonly Name[]
): Record<Name | 'foreign', Identity> {
  const folder = mkdtempSync(join(tmpdir(), 'standby-tls-'))
  const executable = requireProgram(program)
  const at = (file: string) => join(folder, file)
  const openssl = (...flags: readonly string[]) => {
    execFileSync(executable, flags, { cwd: folder, stdio: 'pipe' })
  }
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const authority = (name: string) =>
    openssl(
      'req',
      '-x509',
      ...curve,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
    )
  const identity = (name: string, by: string): Identity => {
    openssl('req', ...curve, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    const signing = [
      '-CA',
      `${by}.crt`,
      '-CAkey',
      `${by}.key`,
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'names',
    ]
    openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.crt`)
    const read = (file: string) => readFileSync(at(file), 'utf8')
    return { key: read(`${name}.key`), cert: read(`${name}.crt`), ca: read('authority.crt') }
  }
  try {
    writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1\n')
    authority('authority')
    authority('stranger')
    const known = names.map((name) => [name, identity(name, 'authority')] as const)
    return Object.fromEntries([...known, ['foreign', identity('foreign', 'stranger')]]) as never
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
