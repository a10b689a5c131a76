import type { Change } from "./library.ts";
import type { Fault, Moment, Plan } from "./plan.ts";

/** A bug put in on purpose, a plan that meets it, and what the oracle must say of it. */
export interface Bug {
  readonly name: string;
  readonly change: Change;
  readonly plan: Plan;
  readonly caught: RegExp;
}

const rotations: readonly Moment[] = [1_500, 2_200, 2_900].map((atMs) => ({
  atMs,
  act: { kind: "rotate", name: undefined },
}));

function plan(
  chaosMs: number,
  kind: "steady" | "flood",
  moments: readonly Moment[],
  faults: readonly Fault[],
): Plan {
  return {
    seed: 1,
    engine: "fake",
    since: "first-match",
    binDirectory: undefined,
    driver: "json-file",
    chaosMs,
    collector: {
      transport: "unix",
      consumer: "sink",
      maxStreams: 4,
      timeSliceMs: 500,
      rotateEveryMs: 60_000,
      stallProbeMs: 30_000,
      bufferBytes: 4_000_000,
      ownClock: false,
      read: "engine",
    },
    containers: [
      { name: "c0", kind: "steady" },
      { name: "c1", kind },
    ],
    faults,
    moments,
  };
}

export const bugs: readonly Bug[] = [
  {
    name: "drops the first line after a rotation",
    change: {
      find: "const found = search.push(received);",
      replace:
        "const found = Math.min(received.length, search.push(received) + (!wasFound && search.isFound ? 1 : 0));",
    },
    plan: plan(4_000, "steady", rotations, []),
    caught: /^c\d \(steady.*G3: .* are missing, and nothing tells/,
  },
  {
    name: "delivers a line twice",
    change: {
      find: "this.log.reading.commit(entries, from, this.reader.spot);",
      replace:
        "this.log.reading.commit(entries, from, this.reader.spot); this.chaos = (this.chaos ?? 0) + 1; if (this.chaos % 4 === 0) this.log.reading.commit(entries, from, this.reader.spot);",
    },
    plan: plan(3_000, "steady", [], []),
    caught: /G2: line \d+ came behind line \d+/,
  },
  {
    name: "leaks a socket at each rotation",
    change: {
      find: "this.#early = [];\n    this.socket.destroy();",
      replace: 'this.#early = []; this.socket.emit("close");',
    },
    plan: plan(4_000, "steady", rotations, []),
    caught: /^(two readers of|\d+ streams are open)/,
  },
  {
    name: "swallows a gap",
    change: {
      find: "if (isPassed || !this.log.isDamagedEnd(after)) this.#events.gap(after, before);",
      replace: "",
    },
    plan: plan(7_000, "flood", [], [{ atMs: 1_500, forMs: 3_500, fault: { kind: "refused" } }]),
    caught: /^c1 \(flood.*G3: .* are missing, and nothing tells/,
  },
  {
    name: "says it is healthy, whatever happens",
    change: {
      find: "return { status: statusOf(view, Object.values(components)), ready, components };",
      replace: 'return { status: "healthy", ready, components };',
    },
    plan: plan(13_000, "steady", [], [{ atMs: 3_000, forMs: 9_500, fault: { kind: "refused" } }]),
    caught: /^G10: healthy for .* while the engine could not be reached/,
  },
];
