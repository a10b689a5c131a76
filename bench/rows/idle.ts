import type { Context } from "../context.ts";
import { startFake } from "../fake.ts";
import { runProgram } from "../programs.ts";
import { inRounds, median } from "../rounds.ts";
import type { Table } from "../report.ts";
import { shown } from "../table.ts";

interface Found {
  readonly rss: number;
  readonly descriptors: number;
}

interface Target {
  readonly name: string;
  readonly engine: Readonly<Record<string, unknown>>;
  /** Of containers that are called "idle-0000" and so on. */
  readonly ids: readonly string[];
}

const ROUNDS = 3;
/** What a process takes that follows hardly anything: the first ten. */
const FEW = 10;
const FEW_NAMES = "idle-000*";
const NAMES = "idle-*";
const WAYS = ["dockspool pool", "plain"] as const;
const REAL_CONTAINERS = 200;
const FAKE_CONTAINERS = 5_000;
const STARTED_AT_ONCE = 4;

/** What a stream takes on which nothing happens. */
export async function measureIdle(context: Context): Promise<Table> {
  const { engine, progress } = context;
  const rows: string[][] = [];
  progress(`row 5: starting ${REAL_CONTAINERS} containers`);
  const ids = await runIdle(context);
  try {
    const where = { socketPath: engine.socketPath };
    rows.push(...(await measureTarget({ name: "real engine", engine: where, ids }, context)));
  } finally {
    await inParallel(ids, (id) => engine.rm(id));
  }
  await using fake = await startFake(FAKE_CONTAINERS);
  rows.push(...(await measureTarget({ name: "fake engine", ...fake }, context)));
  return { columns: ["idle streams", "reader", "KB each", "descriptors each"], rows };
}

async function measureTarget(target: Target, context: Context): Promise<string[][]> {
  const { name, engine, ids } = target;
  const rounds = context.runs ?? ROUNDS;
  const cases = WAYS.flatMap((way) => [`${way} few`, `${way} all`] as const);
  const found = await inRounds(cases, rounds, async (one) => {
    const way = one.startsWith("plain") ? "plain" : "pool";
    const isFew = one.endsWith("few");
    const names = [isFew ? FEW_NAMES : NAMES];
    const options = { engine, names, ids: isFew ? ids.slice(0, FEW) : ids, way };
    const outcome = await runProgram<Found>("idle", options, context, ["--expose-gc"]);
    context.progress(`row 5, ${name}, ${one}: ${shown(outcome.found.rss / 1_000_000)} MB`);
    return outcome.found;
  });
  const perStream = (way: (typeof WAYS)[number], of: (one: Found) => number): number => {
    const [few = [], all = []] = [found.get(`${way} few`), found.get(`${way} all`)];
    return (median(all.map(of)) - median(few.map(of))) / (ids.length - FEW);
  };
  return WAYS.map((way) => [
    `${ids.length} at the ${name}`,
    way === "plain" ? "http.get" : way,
    shown(perStream(way, ({ rss }) => rss / 1_000)),
    shown(perStream(way, ({ descriptors }) => descriptors)),
  ]);
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
