import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EngineClient, EventHandlers } from "../../../src/engine/engine-client.ts";
import { steadyNow } from "../../../src/lifetime/steady-clock.ts";
import { DockspoolError } from "../../../src/index.ts";
import { EngineEvents } from "../../../src/pool/discovery/engine-events.ts";

/** An engine of which each request for events is in the test's hand. */
class Hand {
  readonly requests: {
    readonly handlers: EventHandlers;
    readonly end: (error?: DockspoolError) => void;
  }[] = [];
  readonly told: string[] = [];
  readonly events: EngineEvents;
  readonly #closing = new AbortController();
  readonly done: Promise<unknown>;
  /** What the next look shows that no event has told. */
  untold: string[] = [];
  isReachable = true;
  looks = 0;

  constructor() {
    const readEvents: EngineClient["readEvents"] = (_, handlers, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        const end = (error?: DockspoolError): void => (error ? reject(error) : resolve());
        this.requests.push({ handlers, end });
      });
    this.events = new EngineEvents({ readEvents } as EngineClient, {
      look: () => this.#look(),
      event: () => {},
      lost: () => {},
      connected: () => this.told.push("connected"),
      disconnected: () => this.told.push("disconnected"),
    });
    this.done = this.events.run(this.#closing.signal).catch((error: unknown) => error);
  }

  async open(): Promise<void> {
    this.requests.at(-1)?.handlers.opened();
    await vi.advanceTimersByTimeAsync(0);
  }

  async end(error?: DockspoolError): Promise<void> {
    this.requests.at(-1)?.end(error);
    await vi.advanceTimersByTimeAsync(0);
  }

  tell(container: string): void {
    const event = { container, action: "start", name: "", at: Date.now() };
    this.requests.at(-1)?.handlers.event(event);
  }

  /** With what it ends, and how many timers are left. */
  async close(): Promise<readonly [unknown, number]> {
    this.#closing.abort("closed");
    return [await this.done, vi.getTimerCount()];
  }

  async #look(): Promise<string[]> {
    this.looks++;
    if (!this.isReachable) throw unreachable();
    return this.untold.splice(0);
  }
}

function unreachable(): DockspoolError {
  return new DockspoolError("ENGINE_UNREACHABLE", "not there", { transient: true });
}

function forbidden(): DockspoolError {
  return new DockspoolError("ENGINE_RESPONSE", "forbidden");
}

let hand: Hand;
beforeEach(() => {
  vi.useFakeTimers();
  hand = new Hand();
});
afterEach(async () => {
  const end = await hand.close();
  vi.useRealTimers();
  if (end[0] !== "closed" || end[1] > 0) throw new Error(`ended with ${end.join(" and ")}`);
});

describe("a stream of events", () => {
  it("is made up for by a look every half minute", async () => {
    await hand.open();
    expect(hand.events.contact.kind).toBe("listening");
    for (let looks = 1; looks <= 10; looks++) {
      expect(hand.looks).toBe(looks);
      await vi.advanceTimersByTimeAsync(30_000);
    }
    expect(hand.requests).toHaveLength(1);
    expect(steadyNow() - (hand.events.lastLookAt ?? 0)).toBeLessThan(1_000);
  });

  it("that does not tell what a look shows is dead, and is opened anew at once", async () => {
    await hand.open();
    hand.untold = ["web"];
    await vi.advanceTimersByTimeAsync(32_500);
    expect(hand.requests).toHaveLength(2);
    await hand.open();
    expect(hand.told).toEqual(["connected"]);
    expect(hand.events.contact.kind).toBe("deaf");
    hand.tell("web");
    expect(hand.events.contact.kind).toBe("listening");
  });

  it("that tells it a moment later is not", async () => {
    await hand.open();
    hand.untold = ["web"];
    await vi.advanceTimersByTimeAsync(31_000);
    hand.tell("web");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(hand.requests).toHaveLength(1);
  });

  it("that has just begun may not tell what the first look shows", async () => {
    hand.untold = ["web"];
    await hand.open();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(hand.requests).toHaveLength(1);
  });

  it("that ends is asked for at once, lest containers be tried in vain before it is known that the engine is gone", async () => {
    for (const lifeMs of [10_000, 0]) {
      await hand.open();
      await vi.advanceTimersByTimeAsync(lifeMs);
      const { length } = hand.requests;
      await hand.end();
      expect(hand.requests).toHaveLength(length + 1);
    }
    await hand.end(unreachable());
    expect(hand.told).toEqual(["connected", "disconnected"]);
  });

  it("that ends at once, again and again, is asked for less and less often", async () => {
    for (let second = 0; second < 60; second++) {
      for (let step = 0; step < 20; step++) {
        await hand.open();
        await hand.end();
        await vi.advanceTimersByTimeAsync(50);
      }
    }
    expect(hand.requests.length).toBeGreaterThan(20);
    expect(hand.requests.length).toBeLessThan(120);
    expect(hand.told).toEqual(["connected"]);
  });

  it("that is refused is asked for again, and made up for by a look every two seconds", async () => {
    for (let count = 0; count < 10; count++) {
      await hand.end(forbidden());
      await vi.advanceTimersByTimeAsync(2_200);
    }
    expect(hand.events.contact).toMatchObject({ kind: "blind", error: forbidden() });
    expect(hand.events.isOpen).toBe(false);
    expect(hand.looks).toBeGreaterThanOrEqual(8);
    expect(hand.looks).toBeLessThanOrEqual(12);
    expect(hand.told).toEqual(["connected"]);
    const { since } = hand.events.contact;
    expect(Date.now() - since).toBeGreaterThan(15_000);
  });

  it("that is answered by something else is made up for likewise", async () => {
    let answered = 0;
    for (let second = 0; second < 60; second++) {
      if (hand.requests.length > answered) {
        answered = hand.requests.length;
        await hand.open();
        await hand.end(forbidden());
      }
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(hand.events.contact).toMatchObject({ kind: "blind", error: forbidden() });
    expect(hand.events.isOpen).toBe(false);
    expect(hand.requests.length).toBeGreaterThanOrEqual(10);
    expect(hand.requests.length).toBeLessThanOrEqual(40);
    expect(hand.looks).toBeLessThanOrEqual(80);
    expect(hand.told).toEqual(["connected"]);
  });

  it("that is answered by something else behind an event is lost, and the engine may be gone", async () => {
    await hand.open();
    hand.tell("web");
    hand.isReachable = false;
    await hand.end(forbidden());
    expect(hand.events.contact).toMatchObject({ kind: "disconnected" });
    expect(hand.told).toEqual(["connected", "disconnected"]);
  });

  it("whose answer does not begin is made up for likewise, and is taken once it does", async () => {
    await vi.advanceTimersByTimeAsync(11_000);
    expect(hand.events.contact.kind).toBe("late");
    expect(hand.looks).toBe(6);
    expect(hand.requests).toHaveLength(1);
    await hand.open();
    expect(hand.events.contact.kind).toBe("listening");
    expect(hand.looks).toBe(7);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(hand.looks).toBe(7);
    expect(hand.told).toEqual(["connected"]);
  });

  it("whose answer never begins is asked for again each minute", async () => {
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(hand.requests.length).toBeGreaterThanOrEqual(9);
    expect(hand.requests.length).toBeLessThanOrEqual(11);
    expect(hand.told).toEqual(["connected"]);
  });
});

describe("an engine that can't be reached", () => {
  it("is tried again, and told of once", async () => {
    hand.isReachable = false;
    await hand.open();
    await vi.advanceTimersByTimeAsync(60_000);
    const { contact } = hand.events;
    expect(contact).toMatchObject({ kind: "disconnected", error: unreachable() });
    if (contact.kind === "disconnected") expect(contact.attempts).toBeGreaterThan(5);
    expect(hand.requests.length).toBeLessThan(60);
    expect(hand.told).toEqual(["disconnected"]);
    hand.isReachable = true;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(hand.told).toEqual(["disconnected", "connected"]);
  });

  it("is asked at once when somebody else has reached it", async () => {
    hand.isReachable = false;
    await hand.open();
    await vi.advanceTimersByTimeAsync(30_000);
    hand.isReachable = true;
    const { length } = hand.requests;
    hand.events.reached();
    await vi.advanceTimersByTimeAsync(0);
    if (hand.requests.length === length) await vi.advanceTimersByTimeAsync(1_001);
    await hand.open();
    expect(hand.told).toEqual(["disconnected", "connected"]);
  });
});

describe("those who listen to one container", () => {
  it("are told when its events come, and when some may have been missed", async () => {
    const abort = new AbortController();
    const heard: string[] = [];
    const listen = (): Promise<unknown> =>
      hand.events
        .listen(
          "web",
          { opened: () => heard.push("opened"), event: ({ action }) => heard.push(action) },
          abort.signal,
        )
        .then(() => heard.push("lost"));
    const first = listen();
    await hand.open();
    hand.tell("web");
    hand.tell("other");
    await hand.end();
    await first;
    expect(heard).toEqual(["opened", "start", "lost"]);
    const second = listen().catch((error: unknown) => error);
    abort.abort(new Error("enough"));
    expect(await second).toEqual(new Error("enough"));
  });
});
