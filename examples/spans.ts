// Prints a span for each rotation and each delivery, with what a sink does inside, as a tracer makes them:
//
//   npx tsx examples/spans.ts 'web-*'
//
// OpenTelemetry's spans are made likewise: `tracer.startSpan()` in place of `new Span()`. Ctrl-C ends it.
import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { StreamPool } from "../src/index.ts"; // in your project: from "dockspool"
import type { TracingContexts } from "../src/index.ts";

/** What the running code is part of. */
const current = new AsyncLocalStorage<Span>();

class Span {
  readonly name: string;
  readonly parent = current.getStore();
  readonly #begunAt = performance.now();

  constructor(name: string) {
    this.name = name;
  }

  end(outcome = "ok"): void {
    const inside = this.parent === undefined ? "" : ` in ${this.parent.name}`;
    const ms = (performance.now() - this.#begunAt).toFixed(1);
    console.log(`${this.name}${inside}: ${outcome}, ${ms} ms`);
  }
}

/** A span begins when a store is bound, and ends with the promise: nothing else is of interest. */
const nothing = (): void => {};

function trace<Name extends keyof TracingContexts>(
  channel: Name,
  nameOf: (context: TracingContexts[Name]) => string,
): void {
  const channels = tracingChannel<Span, TracingContexts[Name]>(channel);
  const spans = new WeakMap<object, Span>();
  channels.start.bindStore(current, (context) => {
    const span = new Span(nameOf(context));
    spans.set(context, span);
    return span;
  });
  channels.subscribe({
    start: nothing,
    end: nothing,
    asyncStart: nothing,
    error: nothing,
    asyncEnd: (context) => spans.get(context)?.end("error" in context ? "failed" : "ok"),
  });
}

trace("dockspool:rotation", ({ info, why }) => `rotation of ${info?.name ?? "?"} (${why})`);
trace("dockspool:delivery", ({ sink, attempt }) => `${sink}, attempt ${attempt}`);

const [names = "*"] = process.argv.slice(2);
const pool = new StreamPool({ select: { names }, rotation: { everyMs: 10_000 } });
const delivery = pool.deliver(
  async (records) => {
    const span = new Span(`write ${records.length} lines`);
    await setTimeout(1); // where they are written
    span.end();
  },
  { name: "archive" },
);
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), delivery.done]);
await pool.close();
