import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ContainerSeriesChoice } from "../../src/metrics/container-series.ts";
import type { ContainerSeries } from "../../src/metrics/container-series.ts";
import type { ContainerFigures, Figures } from "../../src/metrics/figures.ts";
import { propertyRuns, twoSizes } from "../support/size.ts";

const ENGINES = ["east", "west"] as const;

function container(id: string, figures: Partial<ContainerFigures> = {}): ContainerFigures {
  return {
    engine: "east",
    id: id.padEnd(64, "0"),
    name: `name of ${id}`,
    phase: "following",
    rotations: 0,
    streamAge: 0,
    reconnects: 0,
    stalls: 0,
    gaps: 0,
    lines: { stdout: 0, stderr: 0 },
    bytes: 0,
    delivered: 0,
    lag: 0,
    ...figures,
  };
}

function figuresOf(containers: readonly ContainerFigures[]): Figures {
  const none = { lines: { stdout: 0, stderr: 0 }, bytes: 0, delivered: 0, gaps: 0 };
  return {
    tasks: 0,
    sockets: 0,
    streamsOpen: 0,
    streamsMax: 0,
    streamsWaiting: 0,
    bufferBytes: 0,
    bufferLimitBytes: 0,
    engines: ENGINES.map((name) => ({ name, ...none })),
    containers,
    standby: [],
    errors: [],
    cutShort: [],
    events: [],
    batches: [],
    retries: [],
    saves: [],
    checkpointAge: 0,
    health: [],
    isReady: true,
  };
}

/** By their labels: engine, name, id. */
function shownBy(
  choice: ContainerSeriesChoice,
  containers: readonly ContainerFigures[],
): Map<string, ContainerSeries["figures"]> {
  const shown = choice.of(figuresOf(containers));
  const entries = shown.map(({ labels, figures }): [string, ContainerSeries["figures"]] => [
    [labels.engine, labels.container_name, labels.container_id].join("/"),
    figures,
  ]);
  return new Map(entries);
}

describe("series of containers", () => {
  it("are each one's own without a limit, with the short id", () => {
    const choice = new ContainerSeriesChoice(Infinity);
    const shown = shownBy(choice, [container("a", { bytes: 1 }), container("b", { bytes: 2 })]);
    expect([...shown.keys()]).toEqual([
      "east/name of a/a00000000000",
      "east/name of b/b00000000000",
      // None is followed there: a zero stands for those that may come.
      "west//",
    ]);
  });

  it("are all an engine's together where none has its own", () => {
    const choice = new ContainerSeriesChoice(0);
    const one = container("a", { bytes: 1, lines: { stdout: 3, stderr: 1 }, lag: 5, streamAge: 9 });
    const two = container("b", { bytes: 2, lines: { stdout: 1, stderr: 0 }, lag: 7, streamAge: 2 });
    const shown = shownBy(choice, [one, two]);
    expect([...shown.keys()]).toEqual(["east//", "west//"]);
    expect(shown.get("east//")).toMatchObject({
      bytes: 3,
      lines: { stdout: 4, stderr: 1 },
      // The worst of them.
      lag: 7,
      streamAge: 9,
    });
  });

  it("of a number go to those that came first; one that leaves makes room for one that comes", () => {
    const choice = new ContainerSeriesChoice(1);
    const [a, b, c] = [container("a"), container("b", { gaps: 2 }), container("c")];
    expect([...shownBy(choice, [a, b]).keys()]).toContain("east/name of a/a00000000000");
    choice.observer.left?.(a);
    // One that was among the others stays there, or its counters would fall.
    const shown = shownBy(choice, [b, c]);
    expect([...shown.keys()]).toContain("east/name of c/c00000000000");
    expect(shown.get("east//")).toMatchObject({ gaps: 2 });
  });
});

const COUNTERS = ["rotations", "reconnects", "stalls", "gaps", "bytes"] as const;

function countersOf(figures: ContainerSeries["figures"]): number[] {
  const { stdout, stderr } = figures.lines;
  return [...COUNTERS.map((name) => figures[name]), stdout, stderr];
}

type Step = { readonly at: number } & (
  | { readonly type: "comes"; readonly engine: (typeof ENGINES)[number] }
  | { readonly type: "counts"; readonly by: number }
  | { readonly type: "leaves" }
  | { readonly type: "scrape" }
);

const at = fc.nat(5);
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("comes" as const), at, engine: fc.constantFrom(...ENGINES) }),
  fc.record({ type: fc.constant("counts" as const), at, by: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ type: fc.constant("leaves" as const), at }),
  fc.record({ type: fc.constant("scrape" as const), at }),
);

function counted(before: ContainerFigures, by: number): ContainerFigures {
  const { lines } = before;
  return {
    ...before,
    rotations: before.rotations + by,
    reconnects: before.reconnects + 1,
    stalls: before.stalls + (by % 2),
    gaps: before.gaps + (by % 3),
    bytes: before.bytes + 10 * by,
    lines: { stdout: lines.stdout + by, stderr: lines.stderr + 1 },
    lag: by,
  };
}

/** Containers come, count, leave, and come again under their id. */
class World {
  readonly #choice: ContainerSeriesChoice;
  readonly #containers = new Map<number, ContainerFigures>();
  /** Counted by all, those that have left included. */
  #bytes = 0;
  /** What was shown last of several together. */
  readonly #before = new Map<string, readonly number[]>();

  constructor(limit: number) {
    this.#choice = new ContainerSeriesChoice(limit);
  }

  /** Returns what a scrape shows. */
  play(next: Step): Shown | undefined {
    const known = this.#containers.get(next.at);
    if (next.type === "scrape") return this.#scrape();
    if (next.type === "comes" && known === undefined)
      this.#containers.set(next.at, container(String(next.at), { engine: next.engine }));
    else if (next.type === "counts" && known !== undefined) {
      this.#containers.set(next.at, counted(known, next.by));
      this.#bytes += 10 * next.by;
    } else if (next.type === "leaves" && known !== undefined) {
      this.#choice.observer.left?.(known);
      this.#containers.delete(next.at);
    }
    return undefined;
  }

  #scrape(): Shown {
    const shown = shownBy(this.#choice, [...this.#containers.values()]);
    const fallen: string[] = [];
    for (const [key, figures] of shown) {
      // One of its own ends with its container, and begins at 0 with the next of that id.
      if (!isOfSeveral(key)) continue;
      const counters = countersOf(figures);
      const before = this.#before.get(key) ?? counters;
      if (counters.some((value, index) => value < (before[index] ?? 0))) fallen.push(key);
      this.#before.set(key, counters);
    }
    const bytes = [...shown.values()].reduce((sum, figures) => sum + figures.bytes, 0);
    const own = [...shown.keys()].filter((key) => !isOfSeveral(key)).length;
    return { own, all: shown.size, fallen, bytes, counted: this.#bytes };
  }
}

/** Of a scrape: how many series, counters that have fallen, bytes that are shown and that were counted. */
interface Shown {
  readonly own: number;
  readonly all: number;
  readonly fallen: readonly string[];
  readonly bytes: number;
  readonly counted: number;
}

function isOfSeveral(key: string): boolean {
  return key.endsWith("//");
}

describe("whatever containers come and go", () => {
  it(
    "counters of those that are shown together never fall, and there are never more series",
    twoSizes,
    () => {
      fc.assert(
        fc.property(fc.nat(3), fc.array(steps, { maxLength: 60 }), (limit, script) => {
          const world = new World(limit);
          for (const next of [...script, { type: "scrape", at: 0 } as const]) {
            const seen = world.play(next);
            if (seen === undefined) continue;
            expect(seen.fallen).toEqual([]);
            expect(seen.own).toBeLessThanOrEqual(limit);
            expect(seen.all).toBeLessThanOrEqual(limit + ENGINES.length);
            // Where none has its own, nothing is lost with one that leaves.
            if (limit === 0) expect(seen.bytes).toBe(seen.counted);
          }
        }),
        { numRuns: propertyRuns({ short: 500, long: 10_000 }) },
      );
    },
  );
});
