import type { Context } from "../context.ts";
import { startFake } from "../fake.ts";
import { runProgram } from "../programs.ts";
import { inRounds, median } from "../rounds.ts";
import type { Table } from "../report.ts";
import { shown } from "../table.ts";

export interface Found {
  readonly rss: number;
  readonly heap: number;
  readonly descriptors: number;
  readonly streamsOpen: number;
  /** Of the time that was to be watched. */
  readonly cpuSeconds: number;
}

interface Target {
  readonly name: string;
  readonly engine: Readonly<Record<string, unknown>>;
  /** They are called "idle-0000" and so on. */
  readonly containers: number;
  readonly rounds: number;
}

const ROUNDS = 3;
/** Of thousands of streams the difference is so large that one does. */
const FAKE_ROUNDS = 1;
/** What a process takes that follows hardly anything. */
export const FEW = 10;
const WAYS = ["dockspool pool", "plain"] as const;
const REAL_CONTAINERS = 200;
const FAKE_CONTAINERS = 5_000;
const STARTED_AT_ONCE = 4;
/** How far V8's young generation grows is decided by what happens while streams are opened, and it stays so. */
export const NODE_OPTIONS: readonly string[] = ["--expose-gc", "--max-semi-space-size=1"];
const LIMIT_KILOBYTES = 35;
/** What is broken on any machine: several times the limit. */
const BROKEN_KILOBYTES = 300;

export const IDLE_TEXT: string = `Of idle streams: memory (RSS, after a collection of garbage) and descriptors of a process that follows all containers,
less those of one that follows ${FEW}, divided by the difference. Medians of ${ROUNDS} rounds; at the fake engine one. V8's young generation is held at 1 MB a
half: it grows while streams are opened, and stays so, whatever they take. Limit: ${LIMIT_KILOBYTES} KB for each of the ${REAL_CONTAINERS} at the real
engine. The fake engine is that of \`dockspool/testing\`, in a process of its own.`;

interface PerStream {
  readonly target: Target;
  readonly way: (typeof WAYS)[number];
  readonly kilobytes: number;
  readonly heapKilobytes: number;
  readonly descriptors: number;
}

/** What a stream takes on which nothing happens. */
export async function measureIdle(
  context: Context,
): Promise<{ readonly table: Table; readonly broken: readonly string[] }> {
  const { engine, progress } = context;
  const all: PerStream[] = [];
  progress(`row 5: starting ${REAL_CONTAINERS} containers`);
  const ids = await runIdle(context);
  try {
    const where = { socketPath: engine.socketPath };
    all.push(
      ...(await measureTarget(
        { name: "real engine", engine: where, containers: ids.length, rounds: ROUNDS },
        context,
      )),
    );
  } finally {
    await inParallel(ids, (id) => engine.rm(id));
  }
  await using fake = await startFake(FAKE_CONTAINERS);
  all.push(
    ...(await measureTarget(
      {
        name: "fake engine",
        engine: fake.engine,
        containers: FAKE_CONTAINERS,
        rounds: FAKE_ROUNDS,
      },
      context,
    )),
  );
  return { table: tableOf(all), broken: brokenOf(all) };
}

async function measureTarget(target: Target, context: Context): Promise<PerStream[]> {
  const { name, engine, containers } = target;
  const cases = WAYS.flatMap((way) => [`${way} few`, `${way} all`] as const);
  const found = await inRounds(cases, context.runs ?? target.rounds, async (one) => {
    const way = one.startsWith("plain") ? "plain" : "pool";
    const isFew = one.endsWith("few");
    const options = { engine, streams: isFew ? FEW : containers, way };
    const outcome = await runProgram<Found>("idle", options, context, NODE_OPTIONS);
    context.progress(`row 5, ${name}, ${one}: ${shown(outcome.found.rss / 1_000_000)} MB`);
    return outcome.found;
  });
  const perStream = (way: (typeof WAYS)[number], of: (one: Found) => number): number => {
    const [few = [], all = []] = [found.get(`${way} few`), found.get(`${way} all`)];
    return (median(all.map(of)) - median(few.map(of))) / (containers - FEW);
  };
  return WAYS.map((way) => ({
    target,
    way,
    kilobytes: perStream(way, ({ rss }) => rss / 1_000),
    heapKilobytes: perStream(way, ({ heap }) => heap / 1_000),
    descriptors: perStream(way, ({ descriptors }) => descriptors),
  }));
}

function tableOf(all: readonly PerStream[]): Table {
  return {
    columns: ["idle streams", "reader", "KB each", "of it heap", "descriptors each"],
    rows: all.map(({ target, way, kilobytes, heapKilobytes, descriptors }) => [
      `${target.containers} at the ${target.name}`,
      way === "plain" ? "http.get" : way,
      shown(kilobytes),
      shown(heapKilobytes),
      shown(descriptors),
    ]),
  };
}

function brokenOf(all: readonly PerStream[]): string[] {
  return all.flatMap(({ target, way, kilobytes }) => {
    if (way === "plain" || kilobytes <= BROKEN_KILOBYTES) return [];
    return [
      `An idle stream takes ${shown(kilobytes)} KB at the ${target.name}, more than ${BROKEN_KILOBYTES} KB.`,
    ];
  });
}

async function runIdle({ engine }: Context): Promise<string[]> {
  const indexes = Array.from({ length: REAL_CONTAINERS }, (_, index) => index);
  return await inParallel(indexes, (index) =>
    engine.run({ name: `idle-${String(index).padStart(4, "0")}`, script: "exec sleep 100000" }),
  );
}

async function inParallel<In, Out>(
  items: readonly In[],
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  const left = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      results[one[0]] = await work(one[1]);
    }
  };
  await Promise.all(Array.from({ length: STARTED_AT_ONCE }, worker));
  return results;
}
