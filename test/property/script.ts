import fc from "fast-check";
import type { FakeContainer, FakeEngine } from "../../src/testing.ts";
import { turns } from "../support/fake-follow.ts";

/** What happens to a container and its engine while it is followed. */
export type Act =
  | {
      readonly kind: "write";
      readonly stream: "stdout" | "stderr";
      readonly text: string;
      /** How often the text stands in the line: long lines come in parts. */
      readonly times: number;
      readonly partial: boolean;
      readonly step: number;
    }
  | { readonly kind: "burst"; readonly lines: number }
  | {
      readonly kind:
        | "rotate"
        | "cut"
        | "stall"
        | "stop"
        | "start"
        | "restart"
        | "outage"
        | "restore";
    }
  | { readonly kind: "turns"; readonly count: number };

export type ScriptClock = "present" | "equal" | "coarse" | "backward";
export const scriptClocks: readonly ScriptClock[] = ["present", "equal", "coarse", "backward"];

const steps: Readonly<Record<ScriptClock, readonly number[]>> = {
  present: [0],
  equal: [0, 0, 0, 1],
  coarse: [0, 50_000_000, 400_000_000],
  backward: [1, 3, 700, 2_000, -1, -700, -1_500],
};

const text: fc.Arbitrary<string> = fc.constantFrom(
  "",
  "tick",
  "tick",
  "tock",
  "ä€😀\r",
  // Where whole seconds stand before it, its space is where the one behind nanoseconds would be.
  "123456789 x",
);

export function arbitraryScript(clock: ScriptClock, maxLength = 60): fc.Arbitrary<Act[]> {
  const write: fc.Arbitrary<Act> = fc.record({
    kind: fc.constant("write" as const),
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    text,
    times: fc.constantFrom(1, 1, 1, 1, 1, 1, 4_096, 9_000),
    partial: fc.constantFrom(false, false, false, true),
    step: fc.constantFrom(...steps[clock]),
  });
  const burst: fc.Arbitrary<Act> = fc.record({
    kind: fc.constant("burst" as const),
    lines: fc.integer({ min: 1, max: 150 }),
  });
  const turn: fc.Arbitrary<Act> = fc.record({
    kind: fc.constant("turns" as const),
    count: fc.integer({ min: 1, max: 12 }),
  });
  const event: fc.Arbitrary<Act> = fc
    .constantFrom(
      "rotate" as const,
      "rotate" as const,
      "cut" as const,
      "stall" as const,
      "stop" as const,
      "start" as const,
      "restart" as const,
      "outage" as const,
      "restore" as const,
      "restore" as const,
    )
    .map((kind) => ({ kind }));
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: write },
      { weight: 1, arbitrary: burst },
      { weight: 3, arbitrary: turn },
      { weight: 3, arbitrary: event },
    ),
    { maxLength },
  );
}

const BASE = BigInt(Date.UTC(2026, 10, 23, 15, 58, 34)) * 1_000_000n;

/** Plays a script on a container, with timestamps of its own where the clock is not the engine's. */
export class Player {
  readonly #fake: FakeEngine;
  readonly #container: FakeContainer;
  readonly #rotate: () => void;
  readonly #clock: ScriptClock;
  readonly #finishesLines: boolean;
  readonly #open = new Set<"stdout" | "stderr">();
  #now = 50_000_000n;
  #isUp = true;

  constructor(parts: {
    readonly fake: FakeEngine;
    readonly container: FakeContainer;
    readonly rotate: () => void;
    readonly clock: ScriptClock;
    /** Ends lines before a stop: where one is left open, nobody who reads later can tell when it ended. */
    readonly finishesLines: boolean;
  }) {
    this.#fake = parts.fake;
    this.#container = parts.container;
    this.#rotate = parts.rotate;
    this.#clock = parts.clock;
    this.#finishesLines = parts.finishesLines;
  }

  async play(acts: readonly Act[]): Promise<void> {
    for (const act of acts) await this.#act(act);
  }

  /** Everything works again, and the container has stopped: now the log is whole. */
  finish(): void {
    this.#fake.restore();
    this.#stop();
  }

  async #act(act: Act): Promise<void> {
    switch (act.kind) {
      case "write":
        return this.#write(act.stream, act.text.repeat(act.times), act.partial, act.step);
      case "burst":
        for (let index = 0; index < act.lines; index++) {
          this.#write(index % 3 === 0 ? "stderr" : "stdout", `burst ${index}`, false, 1);
        }
        return undefined;
      case "turns":
        return turns(act.count);
      case "rotate":
        return this.#rotate();
      case "cut":
        return this.#container.cut();
      case "stall":
        return this.#container.stall();
      case "stop":
        return this.#stop();
      case "start":
        return this.#start();
      case "restart":
        this.#stop();
        return this.#start();
      case "outage":
        return this.#fake.outage();
      case "restore":
        return this.#fake.restore();
    }
  }

  #write(stream: "stdout" | "stderr", line: string, partial: boolean, step: number): void {
    if (!this.#isUp) return;
    this.#now += BigInt(step);
    if (this.#now < 0n) this.#now = 0n;
    const isGiven = this.#clock !== "present" && !this.#open.has(stream);
    const timestamp = isGiven ? { timestamp: rfc3339(BASE + this.#now) } : {};
    this.#container.write(line, { stream, partial, ...timestamp });
    if (partial && line !== "") this.#open.add(stream);
    if (!partial) this.#open.delete(stream);
  }

  #stop(): void {
    if (this.#finishesLines) {
      for (const stream of this.#open) this.#write(stream, "", false, 0);
    }
    this.#container.stop();
    this.#open.clear();
    this.#isUp = false;
  }

  #start(): void {
    this.#container.start();
    // A line left without its end is told from the next one by its time.
    if (!this.#isUp) this.#now += 2_000_000_000n;
    this.#isUp = true;
  }
}

function rfc3339(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}Z`;
}
