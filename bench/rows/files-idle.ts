import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../context.ts";
import { startFake } from "../fake.ts";
import { runProgram } from "../programs.ts";
import { inRounds, median } from "../rounds.ts";
import { shown } from "../table.ts";
import type { FilesPart } from "./files-part.ts";
import { FEW, NODE_OPTIONS } from "./idle.ts";
import type { Found } from "./idle.ts";

const CONTAINERS = 500;
const ROUNDS = 1;
const CASES = ["files few", "files all", "engine few", "engine all"] as const;
/** What is broken on any machine: several times what it is. */
const BROKEN_KILOBYTES = 300;
/** The looks at files that change by no event come further and further apart up to ten seconds: by then they do. */
const SETTLE_MS = 20_000;
const WATCH_MS = 10_000;

/** Quiet containers at the fake engine, whose logs are empty files. */
export async function measureFilesIdle(context: Context): Promise<FilesPart> {
  const root = await mkdtemp(join(tmpdir(), "dockspool-bench-files-"));
  try {
    await using fake = await startFake(CONTAINERS, root);
    const found = await inRounds(CASES, context.runs ?? ROUNDS, async (one) => {
      const isFiles = one.startsWith("files");
      const isAll = one.endsWith("all");
      const options = {
        engine: fake.engine,
        streams: isAll ? CONTAINERS : FEW,
        way: "pool",
        ...(isFiles && { root }),
        ...(isAll && { settleMs: SETTLE_MS, watchMs: WATCH_MS }),
      };
      const outcome = await runProgram<Found>("idle", options, context, NODE_OPTIONS);
      context.progress(`row 10, ${one}: ${shown(outcome.found.rss / 1_000_000)} MB`);
      return outcome.found;
    });
    return partOf(found);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function partOf(found: ReadonlyMap<(typeof CASES)[number], readonly Found[]>): FilesPart {
  const each = (way: "files" | "engine", of: (one: Found) => number): number => {
    const [few = [], all = []] = [found.get(`${way} few`), found.get(`${way} all`)];
    return (median(all.map(of)) - median(few.map(of))) / (CONTAINERS - FEW);
  };
  const all = (way: "files" | "engine", of: (one: Found) => number): string =>
    shown(median((found.get(`${way} all`) ?? []).map(of)));
  const kilobytes = each("files", ({ rss }) => rss / 1_000);
  return {
    text: `**Quiet containers**: ${CONTAINERS} in a pool at the fake engine, as in row 5; the CPU time is that of ${WATCH_MS / 1_000} s, ${SETTLE_MS / 1_000} s after all are
followed. Goals: 15 KB each, no engine stream, no CPU worth a name.`,
    tables: [
      {
        columns: [
          `${CONTAINERS} quiet containers, read`,
          "KB each",
          "of it heap",
          "descriptors each",
          "engine streams",
          "CPU % of a core",
        ],
        rows: (["files", "engine"] as const).map((way) => [
          way,
          shown(each(way, ({ rss }) => rss / 1_000)),
          shown(each(way, ({ heap }) => heap / 1_000)),
          shown(each(way, ({ descriptors }) => descriptors)),
          all(way, ({ streamsOpen }) => streamsOpen),
          all(way, ({ cpuSeconds }) => (cpuSeconds * 100_000) / WATCH_MS),
        ]),
      },
    ],
    broken:
      kilobytes <= BROKEN_KILOBYTES
        ? []
        : [`A quiet container that is read from files takes ${shown(kilobytes)} KB.`],
  };
}
