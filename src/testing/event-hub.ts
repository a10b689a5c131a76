import type { Clock } from "./clock.ts";
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
    const time = this.#clock.next();
    const { id, name, image, labels } = subject;
    // Written by hand at its end: a number of that size loses digits in JSON.stringify.
    const head = JSON.stringify({
      status: action,
      id,
      from: image,
      Type: "container",
      Action: action,
      Actor: { ID: id, Attributes: { ...labels, ...attributes, image, name } },
      scope: "local",
      time: Number(time / 1_000_000_000n),
    });
    const json = `${head.slice(0, -1)},"timeNano":${time}}\n`;
    const event: EngineEvent = { action, subject: { id, name, image, labels }, time, json };
    this.#kept.push(event);
    if (this.#kept.length > KEPT_EVENTS) this.#kept.shift();
    for (const listener of this.#listeners) listener(event);
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
    isAny("type", (value) => value === "container") &&
    isAny("event", (value) => value === event.action) &&
    isAny("container", (value) => value === name || (value !== "" && id.startsWith(value))) &&
    (filters.get("label") ?? []).every((value) => hasLabel(labels, value))
  );
}
