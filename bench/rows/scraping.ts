import type { Context, Row } from "../context.ts";
import { startFake } from "../fake.ts";
import { runProgram } from "../programs.ts";
import type { Section } from "../report.ts";
import { median, ratioOf } from "../rounds.ts";
import { shown, shownRatio } from "../table.ts";

const CONTAINERS = 5_000;
/** What `containers` of `registerPrometheus` is. */
const CHOICES = [true, 100, false] as const;
const SCRAPES = 5;
/** On any machine: a scrape is mostly the text that prom-client makes. */
const BROKEN_RATIO = 6;

interface Scraped {
  /** CPU time in milliseconds, scrape by scrape. */
  readonly ours: readonly number[];
  readonly plain: readonly number[];
  readonly bytes: number;
  readonly samples: number;
}

interface Found {
  readonly found: Readonly<Record<string, Scraped>>;
  readonly health: readonly number[];
}

/** What a scrape costs of a pool of thousands of containers. */
export const scraping: Row = { number: 8, run: measureScrapes };

async function measureScrapes(context: Context): Promise<Section> {
  const scrapes = context.runs ?? SCRAPES;
  context.progress(`row 8: opening ${CONTAINERS} streams`);
  await using fake = await startFake(CONTAINERS);
  const options = { engine: fake.engine, streams: CONTAINERS, scrapes, containers: CHOICES };
  const { found: outcome } = await runProgram<Found>("scrape", options, context);
  const all = CHOICES.map((choice) => {
    const scraped = outcome.found[String(choice)];
    if (scraped === undefined) throw new Error(`Nothing was found of containers: ${choice}.`);
    context.progress(`row 8: containers: ${choice}: ${shown(median(scraped.ours))} ms`);
    return { choice, scraped };
  });
  const everyOnes = all[0]?.scraped.ours ?? [];
  return {
    row: 8,
    title: "A scrape of the metrics",
    text: [
      `A pool of ${CONTAINERS.toLocaleString("en-US")} quiet containers at the engine of \`dockspool/testing\`, which is a process of its own. CPU time of
\`registry.metrics()\` after \`registerPrometheus(pool, { containers })\`, beside that of a registry of prom-client that holds the same figures in gauges
which nobody sets, one right after the other, ${scrapes} times. Between two scrapes metrics cost nothing. \`pool.health()\`, which is part of a
scrape, took ${shown(median(outcome.health))} ms.`,
    ],
    tables: [
      {
        columns: ["containers", "samples", "MB of text", "ms", "× prom-client alone", "× true"],
        rows: all.map(({ choice, scraped }) => [
          `${choice}`,
          shown(scraped.samples),
          shown(scraped.bytes / 1_000_000),
          shown(median(scraped.ours)),
          choice === true ? shownRatio(ratioOf(scraped.ours, scraped.plain)) : "–",
          choice === true ? "–" : shownRatio(ratioOf(scraped.ours, everyOnes)),
        ]),
      },
    ],
    charts: [],
    broken: brokenOf(all[0]?.scraped),
  };
}

function brokenOf(scraped: Scraped | undefined): string[] {
  if (scraped === undefined) return [];
  const { least } = ratioOf(scraped.ours, scraped.plain);
  if (least <= BROKEN_RATIO) return [];
  return [
    `A scrape of ${CONTAINERS} containers takes ${shown(least)} × what prom-client takes for the text, more than ${BROKEN_RATIO} ×.`,
  ];
}
