/** A live system: whether it is there, and its faults and calls where its owner lets pages drive it. */

import { parseNodeId } from '../../../machines/node-id.ts'
import { runCommand } from '../../app/commands.ts'
import { following, growth, live, run } from '../../app/state.ts'
import type { Lane } from '../../model/lane.ts'
import { CallForm } from '../drive/call-form.tsx'
import { act, dropped, isConnected, system } from './session.ts'

export function LivePanel() {
  growth.value
  const hello = system.value
  if (hello === null) return null
  return (
    <div class="live-panel">
      <div class="drive-head">
        <Status />
        {hello.drive === null ? (
          <p class="empty">Its owner lets pages look, not drive.</p>
        ) : (
          <CallForm
            clients={['page']}
            call={(_, command) => act({ kind: 'call', command }, `${command.op} ${command.key} was answered`)}
          />
        )}
      </div>
      {hello.drive === null ? null : <Servers names={hello.drive.servers} />}
    </div>
  )
}

function Status() {
  const isThere = isConnected.value
  const hasEnded = !live.value
  return (
    <p class={`live-status ${isThere && !hasEnded ? 'there' : ''}`}>
      <span aria-hidden="true">●</span>{' '}
      {hasEnded ? 'the run has ended' : isThere ? 'live' : 'not connected; trying again'}
      {dropped.value === 0 ? null : (
        <small>{dropped.value.toLocaleString('en-US')} observations were not shown</small>
      )}
      {hasEnded ? null : (
        <button
          type="button"
          aria-pressed={following.value}
          onClick={() => runCommand('follow')}
          title="Stay with the newest step (n)"
        >
          follow
        </button>
      )}
    </p>
  )
}

function Servers({ names }: { readonly names: readonly string[] }) {
  growth.value
  const isOver = !isConnected.value || !live.value
  const others = (name: string) => ['view-service', ...names.filter((other) => other !== name)]
  return (
    <div class="servers" role="group" aria-label="Faults of the live system">
      {names.map((name, index) => {
        const lane = newestLife(name)
        const state = lane?.changes.at(-1)?.label ?? null
        return (
          <section
            key={name}
            class={`inbox ${state === null ? 'down' : ''}`}
            style={{ '--own': `var(--node-${(index + 1) % 8})` }}
          >
            <h3>
              <b>{lane?.id ?? name}</b> <small>{state ?? 'crashed'}</small>
            </h3>
            <div class="faults">
              {state === null ? (
                <button
                  type="button"
                  disabled={isOver}
                  onClick={() => act({ kind: 'restart', node: name }, `${name} starts again`)}
                >
                  restart
                </button>
              ) : (
                <button
                  type="button"
                  disabled={isOver}
                  onClick={() => act({ kind: 'crash', node: name }, `${name} crashes`)}
                >
                  crash
                </button>
              )}
              <button
                type="button"
                disabled={isOver}
                onClick={() =>
                  act({ kind: 'partition', groups: [[name], others(name)] }, `${name} is cut off`)
                }
              >
                cut off
              </button>
            </div>
          </section>
        )
      })}
      <button
        type="button"
        class="heal"
        disabled={isOver}
        onClick={() => act({ kind: 'heal' }, 'every link works again')}
      >
        heal every link
      </button>
    </div>
  )
}

function newestLife(name: string): Lane | undefined {
  return run.value?.lanes.filter(({ id }) => parseNodeId(id).name === name).at(-1)
}
