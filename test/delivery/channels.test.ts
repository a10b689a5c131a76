import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { DeliveryOptions, Sink, TracingContexts } from "../../src/index.ts";
import type { BatchEnd } from "../../src/delivery/batch-end.ts";
import { publishDelivery, traced } from "../../src/delivery/channels.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { Collector, refuseUnhandled } from "../support/delivery-sinks.ts";
import { eager, eventually } from "../support/fake-follow.ts";
import { Heard, HeardTraces } from "../support/heard.ts";

type Context = TracingContexts["dockspool:delivery"];

interface Span {
  readonly context: Context;
  readonly parent?: Span | undefined;
}

const retry = { minDelayMs: 1, maxDelayMs: 1 };

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());
refuseUnhandled();

const open = (): ContainerLogSource =>
  new ContainerLogSource("web", { engine: fake.engine, ...eager });

/** Delivers one line to a sink, until the delivery is over. */
async function deliverOne(sink: Sink, options: DeliveryOptions = {}): Promise<unknown> {
  web.write("one");
  await using source = open();
  const delivery = source.deliver(sink, { maxWaitMs: 1, retry, ...options });
  try {
    await eventually(() => source.stats.lines === 1);
    await delivery.flush();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("dockspool:delivery", () => {
  it("tells each batch that a sink took", async () => {
    using heard = new Heard("dockspool:delivery");
    await using pool = new StreamPool({ engine: fake.engine, from: "start", source: eager });
    web.start();
    for (let line = 0; line < 25; line++) web.write(`line ${line}`);
    const { sink, batches } = new Collector();
    const delivery = pool.deliver(sink, { name: "http", maxRecords: 10, maxWaitMs: 1 });
    await eventually(() => batches.flat().length === 25);
    await delivery.stop();
    expect(heard.messages).toEqual(
      batches.map(({ length }) => ({
        sink: "http",
        records: length,
        attempts: 1,
        seconds: expect.any(Number),
        outcome: "delivered",
        error: undefined,
      })),
    );
  });

  it("counts the attempts, as the statuses do", async () => {
    using heard = new Heard("dockspool:delivery");
    web.write("one");
    await using source = open();
    let retries = 0;
    source.on("delivery-retry", () => retries++);
    const { sink } = new Collector((_records, { attempt }) => {
      if (attempt < 4) throw new Error("HTTP 503");
    });
    source.deliver(sink, { name: "http", maxWaitMs: 1, retry });
    await eventually(() => heard.messages.length === 1);
    expect(retries).toBe(3);
    expect(heard.messages).toMatchObject([{ attempts: 4, outcome: "delivered", records: 1 }]);
  });

  const refused = new Error("HTTP 400");
  const broken = new Error("disk full");
  const refuses: Sink = () => Promise.reject(refused);
  it.each([
    ["dead_letter", { deadLetter: () => {} }, refused],
    ["failed", {}, refused],
    ["failed", { deadLetter: () => Promise.reject(broken) }, broken],
  ] as const)("tells what came of one that was refused: %s (%#)", async (outcome, given, error) => {
    using heard = new Heard("dockspool:delivery");
    await deliverOne(refuses, { ...given, name: "http", retry: { attempts: 2, ...retry } });
    expect(heard.messages).toEqual([
      { sink: "http", records: 1, attempts: 2, seconds: expect.any(Number), outcome, error },
    ]);
  });

  it("is not made where nobody listens", async () => {
    let asked = 0;
    const count = <T>(value: T): T => {
      asked++;
      return value;
    };
    const context = (): Context => count({ sink: "http", call: "sink", attempt: 1, records: 1 });
    const end: BatchEnd = {
      sink: "http",
      outcome: "delivered",
      records: 1,
      attempts: 1,
      error: undefined,
      get ms() {
        return count(5);
      },
    };
    const all = async (): Promise<void> => {
      await traced(() => Promise.resolve(), context);
      publishDelivery(end);
    };
    await all();
    expect(asked).toBe(0);
    {
      using traces = new HeardTraces("dockspool:delivery");
      using heard = new Heard("dockspool:delivery");
      await all();
      expect([asked, traces.traces.length]).toEqual([2, 1]);
      expect(heard.messages).toMatchObject([{ seconds: 0.005 }]);
    }
    await all();
    expect(asked).toBe(2);
  });
});

describe("tracing:dockspool:delivery", () => {
  it("has a trace for each call of a sink, and of its dead letter", async () => {
    using heard = new HeardTraces("dockspool:delivery");
    const refused = new Error("HTTP 400");
    await deliverOne(() => Promise.reject(refused), {
      name: "http",
      retry: { attempts: 2, ...retry },
      deadLetter: () => {},
    });
    const failed = ["start", "end", "error", "asyncStart", "asyncEnd"];
    const good = ["start", "end", "asyncStart", "asyncEnd"];
    expect(heard.traces).toEqual([failed, failed, good]);
    const starts = heard.events.filter(({ event }) => event === "start");
    expect(starts.map(({ context }) => context)).toMatchObject([
      { sink: "http", call: "sink", attempt: 1, records: 1, error: refused },
      { sink: "http", call: "sink", attempt: 2, records: 1, error: refused },
      { sink: "http", call: "dead letter", attempt: 2, records: 1 },
    ]);
  });

  it("ends with the attempt where the sink does not return", async () => {
    using heard = new HeardTraces("dockspool:delivery");
    await deliverOne(() => new Promise(() => {}), {
      timeoutMs: 5,
      retry: { attempts: 1 },
    });
    expect(heard.traces).toEqual([["start", "end", "error", "asyncStart", "asyncEnd"]]);
    expect(String(heard.events.at(-1)?.context.error)).toMatch(/5 ms/);
  });

  it("is where the sink runs: a store bound to its start is there, of each call its own", async () => {
    const spans = new AsyncLocalStorage<Span>();
    const { start } = tracingChannel<unknown, Context>("dockspool:delivery");
    const seen: (Span | undefined)[] = [];
    const outside: Span = { context: { sink: "", call: "sink", attempt: 0, records: 0 } };
    start.bindStore(spans, (context): Span => ({
      context,
      parent: spans.getStore(),
    }));
    try {
      await spans.run(outside, () =>
        deliverOne(
          async (_records, { attempt }) => {
            seen.push(spans.getStore());
            await new Promise((resolve) => setTimeout(resolve, 1));
            seen.push(spans.getStore());
            if (attempt === 1) throw new Error("HTTP 503");
          },
          { name: "http" },
        ),
      );
    } finally {
      start.unbindStore(spans);
    }
    expect(seen.map((span) => [span?.context.sink, span?.context.attempt])).toEqual([
      ["http", 1],
      ["http", 1],
      ["http", 2],
      ["http", 2],
    ]);
    expect(seen[0]).toBe(seen[1]);
    expect(seen[2]).not.toBe(seen[0]);
    expect(seen.map((span) => span?.parent)).toEqual(Array.from({ length: 4 }, () => outside));
  });

  it("hands on what the sink throws and returns, in step with the source's close", async () => {
    using heard = new HeardTraces("dockspool:delivery");
    web.write("one");
    const source = open();
    const taken: string[] = [];
    source.deliver(async (records) => {
      await source.close();
      taken.push(...records.map(({ line }) => line));
    });
    await source.ended;
    await eventually(() => heard.traces[0]?.length === 4);
    expect(taken).toEqual(["one"]);
  });
});
