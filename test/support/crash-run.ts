import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { onTestFinished } from "vitest";

import { Collector } from "./crash-collector.ts";
import { readWhole } from "./crash-journal.ts";
import type { CollectorTask, JournalEntry, WrittenRecord } from "./crash-journal.ts";
import { CrashLedger } from "./crash-ledger.ts";
import type { RunOutcome } from "./crash-ledger.ts";
import { chosenRead, jsonLog, report } from "./follow.ts";
import { compareLines } from "./ground-truth.ts";
import type { Comparison } from "./ground-truth.ts";
import { each } from "./pool-following.ts";
import type { RealEngine } from "./real-engine.ts";

/** Runs of a collector over the same files, one after the other. */
export class CrashRuns {
  readonly ledger: CrashLedger = new CrashLedger();
  readonly outcomes: RunOutcome[] = [];
  readonly statuses: Extract<JournalEntry, { type: "status" }>[] = [];
  readonly deleted: string[] = [];
  readonly #engine: RealEngine;
  readonly #label: string;
  readonly #reading: (run: number) => CollectorTask["reading"];
  readonly #directory = mkdtempSync(join(tmpdir(), "dp-crash-"));
  #run = 0;
  #read = 0;
  /** Loaded while the one before is at work. */
  #next: Collector;

  /** `reading`: how a run reads; they are counted from 1. */
  constructor(
    engine: RealEngine,
    label: string,
    reading: (run: number) => CollectorTask["reading"] = chosenRead,
  ) {
    this.#reading = reading;
    this.#engine = engine;
    this.#label = label;
    this.#next = this.#load();
    onTestFinished(async () => {
      await this.#next.kill();
      rmSync(this.#directory, { recursive: true, force: true });
    });
  }

  /** One run, killed when `work` is done. What it wrote is then in the ledger. */
  async run(work: (collector: Collector) => Promise<void>): Promise<RunOutcome> {
    const collector = this.#next;
    this.#run += 1;
    const run = this.#run;
    this.#next = this.#load();
    try {
      collector.go();
      await work(collector);
    } finally {
      await collector.kill();
    }
    const { lines, end } = readWhole(this.#recordFile, this.#read);
    this.#read = end;
    const records = lines.map((line): WrittenRecord => JSON.parse(line));
    const notes = readWhole(this.#journalFile(run)).lines;
    const journal = notes.map((line): JournalEntry => JSON.parse(line));
    for (const entry of journal) {
      if (entry.type === "status") this.statuses.push(entry);
      if (entry.type === "deleted") this.deleted.push(...entry.keys);
    }
    const outcome = this.ledger.add(run, records, journal);
    this.outcomes.push(outcome);
    return outcome;
  }

  /** A first run, which lives until it has found all `containers`: what none has ever seen before it stops is not read. */
  async begin(containers: number): Promise<RunOutcome> {
    return await this.run(async (collector) => {
      const isFound = (): boolean => collector.times("attached") >= containers;
      await collector.until(`${containers} × attached`, isFound);
      const saves = collector.times("saved") + 2;
      await collector.until("a save of all", () => collector.times("saved") >= saves);
    });
  }

  /** Each of these containers has stopped; the collector reads their logs to the end and closes. */
  async finish(ids: readonly string[]): Promise<RunOutcome> {
    return await this.run(async (collector) => {
      const isRead = (id: string): boolean =>
        collector.last(`stopped ${id}`, `restarted ${id}`) === `stopped ${id}`;
      await collector.until(`the end of ${ids.length} logs`, () => ids.every(isRead));
      const end = await collector.close();
      if (end !== "code 0") throw new Error(`The collector ended with ${end}.`);
    });
  }

  /** Statuses of these types, with their containers. */
  seen(...types: readonly string[]): string[] {
    return this.statuses
      .filter(({ status }) => types.includes(status))
      .map(({ status, container, detail }) => `${status} ${container} ${JSON.stringify(detail)}`);
  }

  /** Compares what came, equal ids dropped, with the engine's own files. */
  async compared(
    suite: string,
    containers: readonly { readonly id: string; readonly tty: boolean }[],
    figures: Readonly<Record<string, unknown>> = {},
  ): Promise<Comparison> {
    const sum = { lost: 0, repeated: 0, foreign: 0, reordered: 0 };
    let firstDifference: string | undefined;
    let written = 0;
    const truth = await each(containers, ({ id, tty }) => jsonLog(this.#engine, id, tty));
    for (const [index, { id }] of containers.entries()) {
      const log = truth[index] ?? [];
      const comparison = compareLines(log, this.ledger.lines(id));
      written += log.length;
      sum.lost += comparison.lost;
      sum.repeated += comparison.repeated;
      sum.foreign += comparison.foreign;
      sum.reordered += comparison.reordered;
      if (comparison.firstDifference !== undefined)
        firstDifference ??= `Container ${id}. ${comparison.firstDifference}`;
    }
    const { outcomes } = this;
    const [worst] = outcomes.toSorted((a, b) => b.repeated - a.repeated);
    report(suite, {
      containers: containers.length,
      "lines written": written,
      missing: sum.lost,
      "repeated in all": outcomes.reduce((all, { repeated }) => all + repeated, 0),
      "repeated at the worst kill": worst?.repeated,
      "allowed there": worst?.allowed,
      "left over after dropping equal ids": sum.repeated + sum.foreign,
      reordered: sum.reordered,
      saves: outcomes.reduce((all, { saves }) => all + saves, 0),
      "runs that moved the positions on": outcomes.filter(({ moved }) => moved > 0).length,
      gaps: this.seen("gap").length,
      ...figures,
    });
    return { ...sum, firstDifference };
  }

  #load(): Collector {
    const run = this.#run + 1;
    const { socketPath } = this.#engine;
    return new Collector({
      socketPath,
      label: this.#label,
      run,
      checkpointFile: join(this.#directory, "checkpoints.json"),
      recordFile: this.#recordFile,
      journalFile: this.#journalFile(run),
      reading: this.#reading(run),
    });
  }

  get #recordFile(): string {
    return join(this.#directory, "records");
  }

  #journalFile(run: number): string {
    return join(this.#directory, `journal-${run}`);
  }
}

export type Random = () => number;

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of chance, or from the environment; printed, so that a failure can be looked at again. */
export function crashSeed(): number {
  const given = process.env["DOCKSPOOL_CRASH_SEED"];
  const seed = given === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(given);
  report("crash test", { DOCKSPOOL_CRASH_SEED: seed });
  return seed;
}

export type Moment = "beginning" | "delivering" | "saving" | "saved";

/** Moments of kills in an order of chance. */
export function moments(counts: Readonly<Record<Moment, number>>, random: Random): Moment[] {
  const all = (["beginning", "delivering", "saving", "saved"] as const).flatMap((moment) =>
    Array.from({ length: counts[moment] }, () => ({ moment, at: random() })),
  );
  return all.toSorted((a, b) => a.at - b.at).map(({ moment }) => moment);
}

/** Resolves at such a moment, or by chance somewhat later. */
export async function untilMoment(
  moment: Moment,
  collector: Collector,
  random: Random,
): Promise<void> {
  const count = moment === "delivering" ? 1 : 1 + Math.floor(random() * 3);
  const longestMs = { beginning: 150, delivering: 900, saving: 3, saved: 500 }[moment];
  if (moment !== "beginning")
    await collector.until(`${count} × ${moment}`, () => collector.times(moment) >= count);
  await delay(random() * longestMs);
}
