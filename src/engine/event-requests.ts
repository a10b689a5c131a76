import { ByteDeadline } from "./byte-deadline.ts";
import type { Query } from "./dial.ts";
import { SentEventDecoder } from "./engine-event.ts";
import type { SentEvent } from "./engine-event.ts";
import type { EngineLink } from "./engine-link.ts";
import { EventDecoder } from "./events.ts";
import type { ContainerEvent } from "./events.ts";
import { BODY_TIMEOUTS, awaitHead } from "./questions.ts";
import type { Questions } from "./questions.ts";
import { containerFilter, readEvents } from "./read-events.ts";
import type { EventHandlers } from "./read-events.ts";

/** Where nothing is known of the engine's clock. */
const JUST_NOW_MS = 50;

/** Requests for an engine's events. */
export class EventRequests {
  readonly #link: EngineLink;
  readonly #questions: Questions;
  readonly #timeoutMs: number;

  constructor(link: EngineLink, questions: Questions, timeoutMs: number) {
    this.#link = link;
    this.#questions = questions;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Hands over events as they come: one container's, or all. Resolves when the engine ends the stream. `patient`: the answer's
   * head may come with the first event, however late that is (Podman 5.2, proxies that buffer).
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE; the signal's reason
   */
  async follow(
    container: string | undefined,
    handlers: EventHandlers,
    signal: AbortSignal,
    { patient = false }: { readonly patient?: boolean } = {},
  ): Promise<void> {
    const wait = new ByteDeadline(signal);
    if (!patient) awaitHead(wait, this.#timeoutMs);
    const opened = (): void => {
      wait.within(undefined, "");
      handlers.opened();
    };
    const query = containerFilter(container);
    try {
      const own = { ...handlers, opened };
      await readEvents(this.#link, query, new EventDecoder(), own, wait, signal);
    } finally {
      wait.release();
    }
  }

  /**
   * A container's events from `since` until now, as far as the engine remembers them (Docker: its latest 256 events). Both are
   * times of the engine's clock.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE; the signal's reason
   */
  async past(container: string, since: number, signal: AbortSignal): Promise<ContainerEvent[]> {
    return this.#questions.run(async () => {
      const { clock, traits } = this.#link.contact;
      const events: ContainerEvent[] = [];
      const event = (one: ContainerEvent): void => void events.push(one);
      const wait = new ByteDeadline(signal);
      // The engine ends the stream when its clock is there: not before now, and as soon as that is certain.
      const untilMs = clock.now() + (clock.isKnown ? clock.errorMs() : JUST_NOW_MS);
      const aheadMs = Math.max(0, untilMs - clock.now()) * 2;
      const end: Query = traits.endsPastEvents
        ? { stream: "false" }
        : { until: (Math.ceil(untilMs) / 1_000).toFixed(3) };
      const from = String(Math.floor(since / 1_000));
      const query = { since: from, ...end, ...containerFilter(container) };
      wait.within(this.#timeoutMs + aheadMs, `no byte of its events for ${this.#timeoutMs} ms`);
      wait.atMost((1 + BODY_TIMEOUTS) * this.#timeoutMs + aheadMs, "its past events have no end");
      try {
        const handlers = { opened: () => {}, event };
        const decoder = new EventDecoder();
        const read = await readEvents(this.#link, query, decoder, handlers, wait, signal);
        if (read === "complete") return events;
        throw this.#link.failure(new Error("the answer was cut"), wait, signal);
      } finally {
        wait.release();
      }
    }, signal);
  }

  /**
   * Hands over all events as they come, of whatever kind, from `since` on (seconds of the engine's clock, with a fraction).
   * Resolves when the engine ends the stream. The answer's head may come with the first event.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE; the signal's reason
   */
  async followAll(
    since: string | undefined,
    handlers: EventHandlers<SentEvent>,
    signal: AbortSignal,
  ): Promise<void> {
    const wait = new ByteDeadline(signal);
    const query = since === undefined ? {} : { since };
    try {
      await readEvents(this.#link, query, new SentEventDecoder(), handlers, wait, signal);
    } finally {
      wait.release();
    }
  }
}
