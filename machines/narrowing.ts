/** Guards and actions for one type of event. They leave any other event alone, so charts stay total (N3). */
import type { EventObject } from 'xstate'

/** The events of this type. */
export type OfType<Event extends EventObject, Type extends Event['type']> = Extract<
  Event,
  { readonly type: Type }
>

/** Whether `event` has this type. */
export function hasType<Event extends EventObject, Type extends Event['type']>(
  event: Event,
  type: Type,
): event is OfType<Event, Type> {
  return event.type === type
}

/** Makes guards for one type of event: `guard('forward', (context, forward) => ...)` is false of any other event. */
export function guardsOf<Context, Event extends EventObject>() {
  return <Type extends Event['type']>(
    type: Type,
    fact: (context: Context, event: OfType<Event, Type>) => boolean,
  ) =>
    ({ context, event }: { readonly context: Context; readonly event: Event }): boolean =>
      hasType(event, type) && fact(context, event)
}
