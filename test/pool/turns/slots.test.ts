import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Slots } from "../../../src/pool/turns/slots.ts";
import type { SlotsOptions } from "../../../src/pool/turns/slots.ts";
import type { Interest, Turn } from "../../../src/source/host.ts";

const TIME_SLICE_MS = 1_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function slotsOf(maxStreams: number, options: Partial<SlotsOptions> = {}): Slots {
  return new Slots({ maxStreams, timeSliceMs: TIME_SLICE_MS, isBlocked: () => false, ...options });
}

/** Somebody who asks for a turn, and what becomes of it. */
class Asker {
  readonly name: string;
  readonly #controller = new AbortController();
  /** Undefined: its stream is not open yet. */
  stream: { openingMs: number; servedSince: number; quietSince: number } | undefined = undefined;
  turn: Turn | undefined;
  failure: unknown;
  queued = 0;
  yields = 0;

  constructor(name: string) {
    this.name = name;
  }

  ask(slots: Slots, interest: Interest = "idle"): this {
    const holder = { stream: () => this.stream, yield: () => void this.yields++ };
    const queued = (): void => void this.queued++;
    slots.take({ holder, interest, queued }, this.#controller.signal).then(
      (turn) => {
        this.turn = turn;
      },
      (error: unknown) => {
        this.failure = error;
      },
    );
    return this;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Its stream is open and has brought nothing since. */
  opens(openingMs = 1): this {
    const now = performance.now();
    this.stream = { openingMs, servedSince: now, quietSince: now };
    return this;
  }
}

function ask(slots: Slots, names: string, interest?: Interest): Asker[] {
  return names.split("").map((name) => new Asker(name).ask(slots, interest));
}

/** Promises settle. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function haveTurns(askers: readonly Asker[]): string {
  return askers
    .filter(({ turn }) => turn !== undefined)
    .map(({ name }) => name)
    .join("");
}

describe("slots", () => {
  it("are given at once while there are some; the others wait and are told so", async () => {
    const slots = slotsOf(3);
    const askers = ask(slots, "abcde");
    await settle();
    expect(haveTurns(askers)).toBe("abc");
    expect(askers.map(({ queued }) => queued)).toEqual([0, 0, 0, 1, 1]);
    expect([slots.max, slots.taken, slots.waiting, slots.granted]).toEqual([3, 3, 2, 3]);
  });

  it("are never more than there are, whoever asks and releases in whatever order", async () => {
    const slots = slotsOf(50);
    let granted = 0;
    const askers = Array.from({ length: 1_000 }, (_, index) => new Asker(String(index)));
    for (const asker of askers) asker.ask(slots);
    let most = slots.taken;
    // A fixed order that looks like none.
    for (let round = 0; granted < 1_000; round++) {
      await settle();
      most = Math.max(most, slots.taken);
      const holders = askers.filter(({ turn }) => turn !== undefined);
      for (const [index, asker] of holders.entries()) {
        if ((index * 7 + round) % 3 === 0) continue;
        asker.turn?.release();
        asker.turn = undefined;
        granted++;
        most = Math.max(most, slots.taken);
      }
    }
    expect(most).toBe(50);
    expect(slots.granted).toBe(1_000);
    expect([slots.taken, slots.waiting]).toEqual([0, 0]);
    expect(askers.every(({ turn, failure }) => turn === undefined && failure === undefined)).toBe(
      true,
    );
    expect(vi.getTimerCount()).toBe(0);
  });

  it("are given back exactly once, however often they are released", async () => {
    const slots = slotsOf(2);
    const [a, b, ...others] = ask(slots, "abcde");
    await settle();
    for (let time = 0; time < 5; time++) a?.turn?.release();
    await settle();
    expect(haveTurns(others)).toBe("c");
    expect(slots.taken).toBe(2);
    b?.turn?.release();
    a?.turn?.release();
    await settle();
    expect(haveTurns(others)).toBe("cd");
    // A turn of long ago takes none from its successor.
    a?.turn?.release();
    b?.turn?.release();
    await settle();
    expect(haveTurns(others)).toBe("cd");
    expect(slots.taken).toBe(2);
  });

  it("go to those who came first; who never was read goes ahead, who just started ahead of all", async () => {
    const slots = slotsOf(1);
    const [holder] = ask(slots, "-");
    const waiting = [
      ...ask(slots, "ab", "idle"),
      ...ask(slots, "cd", "active"),
      ...ask(slots, "ef", "unread"),
      ...ask(slots, "g", "idle"),
      ...ask(slots, "hi", "started"),
      ...ask(slots, "j", "unread"),
    ];
    await settle();
    let order = "";
    let last = holder;
    while (order.length < waiting.length) {
      last?.turn?.release();
      await settle();
      last = waiting.find(({ name, turn }) => turn !== undefined && !order.includes(name));
      if (last === undefined) break;
      order += last.name;
    }
    expect(order).toBe("hiefjabcdg");
    expect(slots.taken).toBe(1);
  });

  it("are not waited for by who has left, and nobody is skipped for it", async () => {
    const slots = slotsOf(1);
    const [a, b, c, d] = ask(slots, "abcd");
    const gone = new Error("gone");
    b?.abort(gone);
    await settle();
    expect(b?.failure).toBe(gone);
    expect(slots.waiting).toBe(2);
    a?.turn?.release();
    await settle();
    expect(haveTurns([b, c, d].filter((one) => one !== undefined))).toBe("c");
    // Leaving once it has its turn is no release.
    c?.abort(gone);
    await settle();
    expect([slots.taken, slots.waiting, c?.failure]).toEqual([1, 1, undefined]);
    c?.turn?.release();
    await settle();
    expect(d?.turn).toBeDefined();
    d?.turn?.release();
    expect([slots.taken, slots.waiting]).toEqual([0, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("are not given to who had left before asking", async () => {
    const slots = slotsOf(1);
    const late = new Asker("late");
    late.abort(new Error("gone"));
    late.ask(slots);
    await settle();
    expect(late.failure).toBeInstanceOf(Error);
    expect([slots.taken, slots.waiting, slots.granted, late.queued]).toEqual([0, 0, 0, 0]);
  });

  it("are not given to who leaves when told that it has to wait", async () => {
    const slots = slotsOf(1);
    const [holder] = ask(slots, "a");
    const controller = new AbortController();
    const gone = new Error("gone");
    const leaving = slots.take(
      {
        holder: { stream: () => undefined, yield: () => {} },
        interest: "unread",
        queued: () => controller.abort(gone),
      },
      controller.signal,
    );
    await expect(leaving).rejects.toBe(gone);
    expect([slots.taken, slots.waiting]).toEqual([1, 0]);
    const [next] = ask(slots, "b");
    await settle();
    holder?.turn?.release();
    await settle();
    expect(next?.turn).toBeDefined();
    expect(slots.granted).toBe(2);
  });

  it("are given to who hears that it has to wait, and makes a turn free with that", async () => {
    const slots = slotsOf(1);
    const [holder] = ask(slots, "a");
    await settle();
    const turn = await slots.take(
      {
        holder: { stream: () => undefined, yield: () => {} },
        interest: "idle",
        queued: () => holder?.turn?.release(),
      },
      new AbortController().signal,
    );
    expect([slots.taken, slots.waiting, slots.granted]).toEqual([1, 0, 2]);
    turn.release();
    expect(slots.taken).toBe(0);
  });

  it("say how long the one that waits longest has waited", async () => {
    const slots = slotsOf(1);
    expect(slots.longestWaitMs).toBe(0);
    const [a, b] = ask(slots, "ab");
    await vi.advanceTimersByTimeAsync(30);
    ask(slots, "c", "started");
    await vi.advanceTimersByTimeAsync(20);
    expect(slots.longestWaitMs).toBe(50);
    b?.abort(new Error("gone"));
    expect(slots.longestWaitMs).toBe(20);
    a?.turn?.release();
    expect(slots.longestWaitMs).toBe(0);
  });
});

describe("a turn", () => {
  it("is not asked back while nobody waits", async () => {
    const slots = slotsOf(2);
    const askers = ask(slots, "ab").map((asker) => asker.opens());
    await vi.advanceTimersByTimeAsync(100 * TIME_SLICE_MS);
    expect(askers.map(({ yields }) => yields)).toEqual([0, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is asked back once where its stream has caught up and others wait", async () => {
    const slots = slotsOf(1);
    const [holder] = ask(slots, "a").map((asker) => asker.opens());
    ask(slots, "bc");
    await vi.advanceTimersByTimeAsync(TIME_SLICE_MS);
    expect(holder?.yields).toBe(1);
    await vi.advanceTimersByTimeAsync(10 * TIME_SLICE_MS);
    expect(holder?.yields).toBe(1);
    holder?.turn?.release();
    expect([slots.taken, slots.waiting]).toEqual([1, 1]);
  });

  it("of a stream that brings line after line lasts for its time slice", async () => {
    const slots = slotsOf(1);
    const [firehose] = ask(slots, "a").map((asker) => asker.opens());
    ask(slots, "b", "active");
    for (let ms = 0; ms < TIME_SLICE_MS - 50; ms += 5) {
      if (firehose?.stream !== undefined) firehose.stream.quietSince = performance.now();
      await vi.advanceTimersByTimeAsync(5);
      expect(firehose?.yields).toBe(0);
    }
    for (let ms = 0; ms < 100; ms += 5) {
      if (firehose?.stream !== undefined) firehose.stream.quietSince = performance.now();
      await vi.advanceTimersByTimeAsync(5);
    }
    expect(firehose?.yields).toBe(1);
  });

  it("is asked back at once for a container that has just started, the one that lasted longest first", async () => {
    const slots = slotsOf(3);
    const holders: Asker[] = [];
    for (const name of "abc") {
      holders.push(...ask(slots, name).map((asker) => asker.opens()));
      await vi.advanceTimersByTimeAsync(3);
    }
    ask(slots, "x", "started");
    expect(holders.map(({ yields }) => yields)).toEqual([1, 0, 0]);
    ask(slots, "y", "started");
    expect(holders.map(({ yields }) => yields)).toEqual([1, 1, 0]);
  });

  it("is not asked back before its stream is open, and is afterwards", async () => {
    const slots = slotsOf(1);
    const [holder] = ask(slots, "a");
    ask(slots, "b", "started");
    await vi.advanceTimersByTimeAsync(10 * TIME_SLICE_MS);
    expect(holder?.yields).toBe(0);
    holder?.opens();
    await vi.advanceTimersByTimeAsync(TIME_SLICE_MS);
    expect(holder?.yields).toBe(1);
  });

  it("of a container that has just started is not asked back before its first lines had time to come", async () => {
    const slots = slotsOf(2);
    const [first] = ask(slots, "a", "started").map((asker) => asker.opens());
    const [other] = ask(slots, "b").map((asker) => asker.opens());
    ask(slots, "xy", "unread");
    await vi.advanceTimersByTimeAsync(400);
    expect([first?.yields, other?.yields]).toEqual([0, 1]);
    if (first?.stream !== undefined) first.stream.quietSince = performance.now();
    await vi.advanceTimersByTimeAsync(400);
    expect(first?.yields).toBe(0);
    await vi.advanceTimersByTimeAsync(TIME_SLICE_MS);
    expect(first?.yields).toBe(1);
  });

  it("of a container that has just started is asked back for another that has, once it has outlived its first moment", async () => {
    const slots = slotsOf(2);
    const [first] = ask(slots, "a", "started").map((asker) => asker.opens());
    const [other] = ask(slots, "b").map((asker) => asker.opens());
    ask(slots, "x", "started");
    expect([first?.yields, other?.yields]).toEqual([0, 1]);
    ask(slots, "y", "started");
    await vi.advanceTimersByTimeAsync(90);
    expect(first?.yields).toBe(0);
    await vi.advanceTimersByTimeAsync(60);
    expect([first?.yields, other?.yields]).toEqual([1, 1]);
  });

  it("has its whole time slice however long its stream's opening took", async () => {
    const slots = slotsOf(1);
    const [firehose] = ask(slots, "a");
    ask(slots, "b", "active");
    const openingMs = 3 * TIME_SLICE_MS;
    await vi.advanceTimersByTimeAsync(openingMs);
    firehose?.opens(openingMs);
    for (let ms = 0; ms < TIME_SLICE_MS; ms += 5) {
      expect(firehose?.yields).toBe(0);
      if (firehose?.stream !== undefined) firehose.stream.quietSince = performance.now();
      await vi.advanceTimersByTimeAsync(5);
    }
    await vi.advanceTimersByTimeAsync(50);
    expect(firehose?.yields).toBe(1);
  });

  it("is asked back of as many as wait, and no more", async () => {
    const slots = slotsOf(10);
    const holders = ask(slots, "abcdefghij").map((asker) => asker.opens());
    ask(slots, "xyz", "unread");
    const [x] = ask(slots, "w", "unread");
    await vi.advanceTimersByTimeAsync(2 * TIME_SLICE_MS);
    const asked = holders.filter(({ yields }) => yields > 0);
    expect(asked).toHaveLength(4);
    // Who was asked for one that left gives way to the next who comes.
    x?.abort(new Error("gone"));
    ask(slots, "v", "unread");
    await vi.advanceTimersByTimeAsync(2 * TIME_SLICE_MS);
    expect(holders.filter(({ yields }) => yields > 0)).toHaveLength(4);
    for (const holder of asked) holder.turn?.release();
    expect([slots.taken, slots.waiting]).toEqual([10, 0]);
  });

  it("is not asked back while nothing can be read anyhow", async () => {
    let isBlocked = true;
    const slots = slotsOf(1, { isBlocked: () => isBlocked });
    const [holder] = ask(slots, "a").map((asker) => asker.opens());
    ask(slots, "b", "active");
    await vi.advanceTimersByTimeAsync(20 * TIME_SLICE_MS);
    expect(holder?.yields).toBe(0);
    isBlocked = false;
    await vi.advanceTimersByTimeAsync(2 * TIME_SLICE_MS);
    expect(holder?.yields).toBe(1);
  });

  it("lasts longer where openings take long, so that they are a small part of all turns", async () => {
    const lasted = async (openingMs: number): Promise<number> => {
      const slots = slotsOf(1, { timeSliceMs: 100_000 });
      const [holder] = ask(slots, "a").map((asker) => asker.opens(openingMs));
      ask(slots, "b", "idle");
      const from = performance.now();
      const isOver = (): boolean => holder === undefined || holder.yields > 0;
      while (!isOver()) await vi.advanceTimersByTimeAsync(1);
      return performance.now() - from;
    };
    const short = await lasted(2);
    expect(await lasted(50)).toBeGreaterThan(5 * short);
  });
});
