/** A message of each type of watching, as it is on the wire. */
import type { Message } from '../../machines/messages.ts'

export const watchMessages: {
  readonly [Type in 'watch' | 'changes']: Extract<Message, { readonly type: Type }>
} = {
  watch: {
    type: 'watch',
    viewNumber: 1,
    revision: 0,
    watches: [{ id: 1, key: 'a', prefix: false, after: null }],
  },
  changes: {
    type: 'changes',
    viewNumber: 1,
    revision: 3,
    newest: 1,
    watches: [{ id: 1, snapshot: false, entries: [] }],
  },
}
