/** A form for a call: which client, which command. Its user decides where the call goes. */
import { useSignal } from '@preact/signals'
import type { KeyValueCommand } from '../../../machines/application/key-value-store.ts'

const operations = ['put', 'append', 'get', 'delete', 'compareAndSet'] as const

export function CallForm({
  clients,
  call,
}: {
  readonly clients: readonly string[]
  readonly call: (client: string, command: KeyValueCommand) => void
}) {
  const client = useSignal(clients[0] ?? '')
  const op = useSignal<(typeof operations)[number]>('put')
  const key = useSignal('a')
  const value = useSignal('1')
  const expected = useSignal('')
  const chosen = clients.includes(client.value) ? client.value : (clients[0] ?? '')
  const hasValue = op.value !== 'get' && op.value !== 'delete'
  return (
    <form
      class="call-form"
      aria-label="Call as a client"
      onSubmit={(event) => {
        event.preventDefault()
        call(chosen, commandOf(op.value, key.value, value.value, expected.value))
      }}
    >
      <select
        aria-label="Client"
        value={chosen}
        onChange={(event) => (client.value = event.currentTarget.value)}
      >
        {clients.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="Operation"
        value={op.value}
        onChange={(event) => (op.value = event.currentTarget.value as (typeof operations)[number])}
      >
        {operations.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <input
        id="call-key"
        aria-label="Key"
        value={key.value}
        spellcheck={false}
        onInput={(event) => (key.value = event.currentTarget.value)}
      />
      {op.value === 'compareAndSet' ? (
        <input
          aria-label="Expected value"
          placeholder="expected"
          value={expected.value}
          spellcheck={false}
          onInput={(event) => (expected.value = event.currentTarget.value)}
        />
      ) : null}
      {hasValue ? (
        <input
          aria-label="Value"
          placeholder="value"
          value={value.value}
          spellcheck={false}
          onInput={(event) => (value.value = event.currentTarget.value)}
        />
      ) : null}
      <button type="submit" disabled={clients.length === 0}>
        call
      </button>
    </form>
  )
}

/** Values are texts; an expected value that is left empty means that the key is absent. */
function commandOf(
  op: (typeof operations)[number],
  key: string,
  value: string,
  expected: string,
): KeyValueCommand {
  switch (op) {
    case 'get':
    case 'delete':
      return { op, key }
    case 'compareAndSet':
      return { op, key, expected: expected === '' ? null : expected, value }
    default:
      return { op, key, value }
  }
}
