import { DRIVERS } from "./plan.ts";
import type {
  Act,
  ContainerKind,
  ContainerPlan,
  Driver,
  EngineFault,
  EngineKind,
  Fault,
  Moment,
  NetworkFault,
  OwnFault,
  Plan,
  Reading,
  Target,
} from "./plan.ts";
import { Random } from "./random.ts";

/** Of each minute this is kept for the end: the way back to health, the last lines, the close. */
const SETTLING_MS = 15_000;
const MOST_CONTAINERS = 9;
/** Before anything happens. */
const CALM_MS = 2_500;

/** Collectors that are closed or killed: so many in a run, or a minute where each resume reads in another way. */
const MOST_REPLACED = 3;

/** What does not come from the seed. */
export interface PlanOptions {
  readonly read?: Reading;
  readonly driver?: Driver;
  readonly binDirectory?: string | undefined;
}

/** The same for the same arguments. */
export function makePlan(
  seed: number,
  engine: EngineKind,
  minutes: number,
  { read = "engine", driver = DRIVERS[engine][0], binDirectory }: PlanOptions = {},
): Plan {
  const random = new Random(seed * 2 + (engine === "fake" ? 0 : 1));
  const chaosMs = Math.max(5_000, Math.round(minutes * 60_000) - SETTLING_MS);
  const kinds = containerKinds(random);
  const containers = kinds.map((kind, index): ContainerPlan => ({ name: `c${index}`, kind }));
  const ownClock = random.chance(0.25);
  const mostReplaced = MOST_REPLACED * (read === "both" ? Math.max(1, minutes) : 1);
  const moments = makeMoments(random, engine, containers, chaosMs, mostReplaced);
  const since = random.chance(0.5) ? "per-line" : "first-match";
  // So that seeds that are known stay what they are: two numbers that nothing uses any more.
  if (engine === "fake" && since === "per-line" && random.chance(0.3)) random.next();
  return {
    seed,
    engine,
    binDirectory,
    since,
    driver,
    chaosMs,
    collector: {
      transport: random.chance(0.3) ? "tcp" : "unix",
      consumer: random.chance(0.75) ? "sink" : "loop",
      maxStreams: random.whole(2, 10),
      timeSliceMs: random.whole(150, 900),
      rotateEveryMs: random.whole(2_500, 8_000),
      stallProbeMs: random.whole(1_000, 3_000),
      bufferBytes: random.one([60_000, 400_000, 4_000_000]),
      ownClock,
      read,
    },
    containers,
    faults: makeFaults(random, engine, chaosMs, ownClock),
    moments,
  };
}

function containerKinds(random: Random): ContainerKind[] {
  const rest = Array.from({ length: random.whole(1, 3) }, () =>
    random.weighted<ContainerKind>([
      [3, "steady"],
      [2, "bursts"],
      [1, "quiet"],
      [1, "long lines"],
      [1, "terminal"],
      [2, "rotated"],
      [1, "flood"],
    ]),
  );
  return ["steady", random.one(["quiet", "bursts", "terminal", "long lines"]), ...rest];
}

function makeFaults(
  random: Random,
  engine: EngineKind,
  chaosMs: number,
  ownClock: boolean,
): Fault[] {
  const faults: Fault[] = [];
  let atMs = CALM_MS + random.whole(0, 3_000);
  while (atMs < chaosMs - 1_500) {
    const fault = makeFault(random, engine, ownClock);
    const forMs = Math.min(random.whole(...spanOf(fault)), chaosMs - atMs);
    faults.push({ atMs, forMs, fault });
    // Some begin before the one before is over.
    atMs += random.chance(0.2) ? random.whole(300, forMs) : forMs + random.whole(800, 6_000);
  }
  return faults;
}

function spanOf({ kind }: Fault["fault"]): [leastMs: number, mostMs: number] {
  switch (kind) {
    case "daemon killed":
      return [200, 4_000];
    case "idle limit":
      return [8_000, 15_000];
    case "events die":
      return [2_000, 12_000];
    case "sink hangs":
      return [2_000, 14_000];
    default:
      return [500, 8_000];
  }
}

function makeFault(random: Random, engine: EngineKind, ownClock: boolean): Fault["fault"] {
  const side = random.weighted([
    [6, "network"],
    [engine === "fake" ? 0.6 : 2, "engine"],
    [2.4, "own"],
  ] as const);
  if (side === "network") return networkFault(random);
  if (side === "engine") return engineFault(random, engine);
  return ownFault(random, ownClock);
}

function networkFault(random: Random): NetworkFault {
  const target = random.weighted<Target>([
    [4, "logs"],
    [3, "all"],
    [1.5, "events"],
    [2, "other"],
  ]);
  return random.weighted<NetworkFault>([
    [3, { kind: "cut", target, mostBytes: random.one([0, 40, 400, 4_000, 40_000]) }],
    [1.5, { kind: "reset mid-frame", target }],
    [1.5, { kind: "half-open", target }],
    [1, { kind: "delay", target, delayMs: random.whole(50, 2_500) }],
    [1, { kind: "single bytes", target }],
    [1, { kind: "headers withheld", target, isForEver: random.chance(0.5) }],
    [1, { kind: "bodies withheld", target, isForEver: random.chance(0.5) }],
    [1.5, { kind: "status", target, status: random.one([403, 404, 429, 500, 502, 503]) }],
    [1, { kind: "redirect", target, location: "http://127.0.0.1:1/elsewhere" }],
    [
      1.5,
      { kind: "another server", target, server: random.one(["ssh", "page", "empty", "noise"]) },
    ],
    [1.5, { kind: "refused" }],
    [1, { kind: "idle limit", idleMs: random.whole(1_000, 3_000) }],
    [1.5, { kind: "events die" }],
  ]);
}

function engineFault(random: Random, engine: EngineKind): EngineFault {
  if (engine === "fake")
    return { kind: "engine's clock", aheadMs: random.one([-7_200_000, -3_000, 4_000, 86_400_000]) };
  return random.weighted<EngineFault>([
    [2, { kind: "daemon stopped" }],
    [2, { kind: "daemon killed" }],
    [1, { kind: "no descriptors" }],
  ]);
}

function ownFault(random: Random, ownClock: boolean): OwnFault {
  return random.weighted<OwnFault>([
    [1, { kind: "disk full" }],
    [
      ownClock ? 4 : 0,
      { kind: "our clock", aheadMs: random.one([-3_600_000, -2_000, 5_000, 90_000, 86_400_000]) },
    ],
    [1, { kind: "sink throws" }],
    [1, { kind: "sink hangs" }],
    [1, { kind: "sink is slow" }],
    [1, { kind: "sink calls back" }],
  ]);
}

function makeMoments(
  random: Random,
  engine: EngineKind,
  first: readonly ContainerPlan[],
  chaosMs: number,
  mostReplaced: number,
): Moment[] {
  const names = first.map(({ name }) => name);
  const moments: Moment[] = [];
  let made = names.length;
  let collectors = 0;
  const act = (): Act => {
    const name = names[random.whole(0, names.length - 1)] ?? "c0";
    const kind = random.weighted([
      [names.length < MOST_CONTAINERS ? 2 : 0, "create"],
      [2.5, "flash"],
      [1.5, "kill"],
      [1.5, "stop"],
      [3, "start"],
      [1.2, "restarts"],
      [1, "pause"],
      [1.2, "rename"],
      [0.8, "remove"],
      [engine === "podman" ? 0 : 0.7, engine === "fake" ? "stall" : "damage"],
      [0.5, "empty"],
      [3, "rotate"],
      [1, "detach"],
      [1, "attach"],
      [collectors < mostReplaced ? 0.8 : 0, "collector closed"],
      [collectors < mostReplaced ? 0.8 : 0, "collector killed"],
    ] as const);
    switch (kind) {
      case "create": {
        const container: ContainerPlan = {
          name: `c${made++}`,
          kind: random.one(["steady", "bursts", "terminal", "rotated", "long lines"]),
        };
        names.push(container.name);
        return { kind, container };
      }
      case "flash":
        return { kind, name: `f${made++}`, lines: random.whole(1, 300), rm: random.chance(0.5) };
      case "restarts":
        return { kind, name, times: random.whole(2, 5) };
      case "pause":
        return { kind, name, forMs: random.whole(300, 4_000) };
      case "rename":
        return { kind, name, to: `${name}-${made++}` };
      case "rotate":
        return { kind, name: random.chance(0.4) ? undefined : name };
      case "remove":
        // One is never removed, so that there is always something to follow.
        if (name === "c0") return { kind: "restarts", name, times: 2 };
        names.splice(names.indexOf(name), 1);
        return { kind, name };
      case "detach":
        return { kind, name, forMs: random.whole(200, 5_000) };
      case "collector closed":
      case "collector killed":
        collectors++;
        return { kind };
      default:
        return { kind, name };
    }
  };
  for (let atMs = CALM_MS; atMs < chaosMs - 1_000; atMs += random.whole(200, 3_000))
    moments.push({ atMs, act: act() });
  return moments;
}
