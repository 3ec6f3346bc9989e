/** What ShiViz makes of a log, by the rules of its documentation: it throws what ShiViz would complain about. */

export interface ShivizEvent {
  readonly host: string
  readonly clock: Readonly<Record<string, number>>
  readonly fields: Readonly<Record<string, string>>
}

/**
 * Reads a log: line 1 the parser, line 2 the delimiter of executions, the rest events. Own entries count 1, 2, 3 ..., each
 * clock has its host, and each entry names an event that is there. Beyond ShiViz, clocks must be closed: all that an event
 * includes, its clock includes what that one includes.
 */
export function readShiviz(text: string): readonly ShivizEvent[] {
  const [parser = '', delimiter, ...log] = text.split('\n')
  for (const name of ['host', 'clock', 'event']) {
    if (!parser.includes(`(?<${name}>`)) throw new Error(`the parser has no group ${name}`)
  }
  if (delimiter !== '') throw new Error('expected one execution')
  const events = [...log.join('\n').trim().matchAll(new RegExp(parser, 'gm'))].map(({ groups = {} }) => ({
    host: groups.host!,
    clock: JSON.parse(groups.clock!) as Record<string, number>,
    fields: { ...groups },
  }))
  if (events.length !== log.filter((line) => line !== '').length) throw new Error('a line does not match')
  const byHost: Record<string, ShivizEvent[]> = {}
  for (const event of events) {
    if (byHost[event.host] === undefined) byHost[event.host] = []
    byHost[event.host]!.push(event)
  }
  for (const [host, own] of Object.entries(byHost)) {
    own.sort((a, b) => a.clock[host]! - b.clock[host]!)
    for (const [index, { clock }] of own.entries()) {
      if (clock[host] !== index + 1)
        throw new Error(`${host} counts ${clock[host]} at its event ${index + 1}`)
    }
  }
  for (const { host, clock } of events) {
    for (const [other, count] of Object.entries(clock)) {
      const known = byHost[other]
      if (known === undefined) throw new Error(`${host} knows ${other}, which has no events`)
      if (count < 1 || count > known.length) throw new Error(`${host} knows event ${count} of ${other}`)
      for (const [third, least] of Object.entries(known[count - 1]!.clock)) {
        if ((clock[third] ?? 0) < least)
          throw new Error(`${host} knows ${other} ${count} but not ${third} ${least}`)
      }
    }
  }
  return events
}
