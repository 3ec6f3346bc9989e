/** Messages, commands and results in a few words. */
import type { Observation } from '../../actors/observation.ts'
import type { Message } from '../../machines/messages.ts'

export function describeMessage(message: Message): string {
  switch (message.type) {
    case 'ping':
      return `ping ${message.viewNumber}`
    case 'viewReply':
      return `viewReply ${message.view.number}: ${message.view.primary}, ${message.view.backup}`
    case 'request':
      return message.session === null
        ? 'request: open a session'
        : `request: ${describeCommands(message.commands)}`
    case 'forward':
      return `forward ${message.number} of view ${message.viewNumber}: ${message.requests.length} requests`
    case 'forwardAck':
      return `forwardAck ${message.number} of view ${message.viewNumber}`
    case 'refusal':
      return `refusal: ${message.reason}`
    case 'reply':
      return `reply: ${message.outcome?.kind}`
    case 'stateTransfer':
      return `stateTransfer ${message.index} of view ${message.view.number}${message.last ? ', the last piece' : ''}`
    case 'stateTransferAck':
      return `stateTransferAck ${message.index} of view ${message.viewNumber}`
    default:
      return `${message.type}`
  }
}

export function describeCommands(commands: readonly unknown[]): string {
  return commands.length === 1 ? describeCommand(commands[0]) : `${commands.length} commands`
}

export function describeCommand(command: unknown): string {
  const { op, key, value } = (command ?? {}) as { op?: unknown; key?: unknown; value?: unknown }
  if (typeof op !== 'string') return shorten(JSON.stringify(command) ?? 'a command')
  const written = value === undefined ? '' : ` ${shorten(JSON.stringify(value))}`
  return `${op} ${shorten(String(key))}${written}`
}

/** The command with what came of it, such as `append journal "a" = 1`. */
export function describeEnd(call: Observation['call']): string {
  const { op } = (call?.command ?? {}) as { op?: unknown }
  const { value, error, failure } = (call?.end ?? {}) as {
    value?: unknown
    error?: { message: string }
    failure?: { code: string }
  }
  const result = (): string => {
    if (failure !== undefined) return failure.code
    if (error !== undefined) return `error: ${shorten(error.message)}`
    if (value === null || value === undefined) return op === 'get' ? 'nothing' : 'done'
    return shorten(JSON.stringify(value))
  }
  return `${describeCommand(call?.command)} = ${result()}`
}

/** What was written last stands at the end of a long value. */
function shorten(text: string): string {
  return text.length <= 28 ? text : `${text.slice(0, 9)}…${text.slice(-18)}`
}
