import type { Clock } from "./clock.ts";
import type { FakeEvent } from "./types.ts";
import { type Filters, hasLabel } from "./query.ts";

/** As many events Docker keeps in memory for `since` (moby, daemon/events/events.go, eventsLimit). */
const KEPT_EVENTS = 256;

/** What an event says of its container. */
export interface EventSubject {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface EngineEvent {
  readonly type: string;
  readonly action: string;
  readonly subject: EventSubject;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  /** The line that is sent. */
  readonly json: string;
}

/** The engine's events: the last 256, and whoever listens. */
export class EventHub {
  readonly #clock: Clock;
  readonly #kept: EngineEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get kept(): readonly EngineEvent[] {
    return this.#kept;
  }

  emit(action: string, subject: EventSubject, attributes: Record<string, string> = {}): void {
    const { id, name, image, labels } = subject;
    const all = { ...labels, ...attributes, image, name };
    const old = { status: action, id, from: image };
    this.#tell("container", action, { id, name, image, labels }, all, old);
  }

  /** Something that is no container. */
  emitOther({ type, action, id, attributes = {} }: FakeEvent): void {
    this.#tell(type, action, { id, name: "", image: "", labels: {} }, attributes, {});
  }

  #tell(
    type: string,
    action: string,
    subject: EventSubject,
    attributes: Readonly<Record<string, string>>,
    old: object,
  ): void {
    const time = this.#clock.next();
    // Written by hand at its end: a number of that size loses digits in JSON.stringify.
    const head = JSON.stringify({
      ...old,
      Type: type,
      Action: action,
      Actor: { ID: subject.id, Attributes: attributes },
      scope: "local",
      time: Number(time / 1_000_000_000n),
    });
    const json = `${head.slice(0, -1)},"timeNano":${time}}\n`;
    const event: EngineEvent = { type, action, subject, time, json };
    this.#kept.push(event);
    if (this.#kept.length > KEPT_EVENTS) this.#kept.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** As an engine that has started again. */
  forget(): void {
    this.#kept.length = 0;
  }

  /** Returns how to stop listening. */
  listen(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Any value of a filter has to match, of `label` every one, and so do all filters. */
export function matchesEvent(event: EngineEvent, filters: Filters): boolean {
  const { id, name, labels } = event.subject;
  const isAny = (filter: string, test: (value: string) => boolean): boolean => {
    const values = filters.get(filter);
    return values === undefined || values.length === 0 || values.some(test);
  };
  return (
    isAny("type", (value) => value === event.type) &&
    isAny("event", (value) => value === event.action) &&
    isAny("container", (value) => value === name || (value !== "" && id.startsWith(value))) &&
    (filters.get("label") ?? []).every((value) => hasLabel(labels, value))
  );
}
