/** The inspector's page, as it was built, and the headers that it is served with. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { StandbyError } from '../../../actors/errors.ts'

/** @throws StandbyError `invalidOption` if the page was not built */
export function readPage(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('standby/package.json'))
  try {
    return readFileSync(join(folder, 'inspector.html'), 'utf8')
  } catch (cause) {
    const what = `expected the page inspector.html in ${folder}, got none; build it with npm run build:inspector`
    throw new StandbyError('invalidOption', what, { cause })
  }
}

/** The page may connect to this host only; its own policy holds beside this one. */
export function pageHeaders(host: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:; worker-src blob:; connect-src ws://${host}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  }
}
