import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import type { ChannelMessages, TracingContexts } from "../../src/index.ts";

/** What comes on a channel, from now until it is disposed of. */
export class Heard<Name extends keyof ChannelMessages> implements Disposable {
  readonly messages: ChannelMessages[Name][] = [];
  readonly #name: Name;
  readonly #note = (message: unknown): void => {
    this.messages.push(message as ChannelMessages[Name]);
  };

  constructor(name: Name) {
    this.#name = name;
    subscribe(name, this.#note);
  }

  [Symbol.dispose](): void {
    unsubscribe(this.#name, this.#note);
  }
}

export interface TraceEvent<Context> {
  readonly event: "start" | "end" | "asyncStart" | "asyncEnd" | "error";
  readonly context: Context & { result?: unknown; error?: unknown };
}

/** What comes on the channels of a trace, likewise. */
export class HeardTraces<Name extends keyof TracingContexts> implements Disposable {
  readonly events: TraceEvent<TracingContexts[Name]>[] = [];
  /** Called inside. */
  onStart: () => void = () => {};
  readonly #stop: () => void;

  constructor(name: Name) {
    const channels = tracingChannel<unknown, TracingContexts[Name]>(name);
    const note =
      (event: TraceEvent<unknown>["event"]) =>
      (context: TracingContexts[Name]): void => {
        this.events.push({ event, context });
        if (event === "start") this.onStart();
      };
    const subscribers = {
      start: note("start"),
      end: note("end"),
      asyncStart: note("asyncStart"),
      asyncEnd: note("asyncEnd"),
      error: note("error"),
    };
    channels.subscribe(subscribers);
    this.#stop = () => channels.unsubscribe(subscribers);
  }

  /** The names of the events, by trace. */
  get traces(): string[][] {
    const byContext = new Map<object, string[]>();
    for (const { event, context } of this.events)
      byContext.set(context, [...(byContext.get(context) ?? []), event]);
    return [...byContext.values()];
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
