import { existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { follow, report, run } from "../support/follow.ts";
import { pause } from "../support/pause.ts";
import { RealEngine, hasEngine } from "../support/real-engine.ts";
import { sizes, twoSizes } from "../support/size.ts";
import { expectTold, numberOf } from "../support/told-holes.ts";

const LENGTH_BYTES = 4;
/** Fewer than the entries that a rotation asks for. */
const DEPTH = 20;
const ROUNDS = 3;

/** So many lines come before the damage. */
const AT_FIRST = 50;
const LOOK_MS = 50;

const STEADY = `i=0; while :; do echo line $i; i=$((i+1)); ${pause(20)}; done`;

/** Bytes of a record of the driver `local`: its length stands before it and behind it. */
type Damaged = "length before" | "length behind" | "whole";

/** Damages the `depth`-th record from the end. */
async function damageLocal(path: string, depth: number, damaged: Damaged): Promise<void> {
  const bytes = await readFile(path);
  const records: { readonly at: number; readonly length: number }[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    records.push({ at, length });
    at += length + 2 * LENGTH_BYTES;
  }
  const record = records.at(-depth);
  if (record === undefined) throw new Error(`There are only ${records.length} records.`);
  const other = Buffer.alloc(LENGTH_BYTES);
  other.writeUInt32BE(record.length + 1);
  const behind = record.at + LENGTH_BYTES + record.length;
  const [written, at] = {
    "length before": [other, record.at] as const,
    "length behind": [other, behind] as const,
    whole: [Buffer.alloc(record.length + 2 * LENGTH_BYTES), record.at] as const,
  }[damaged];
  const file = await open(path, "r+");
  try {
    await file.write(written, 0, written.length, at);
  } finally {
    await file.close();
  }
}

/** As a service manager does: an engine that has ended by itself is started again. */
class Revival implements AsyncDisposable {
  readonly #engine: RealEngine;
  readonly #looks: NodeJS.Timeout;
  #starting: Promise<void> | undefined;
  ends = 0;

  constructor(engine: RealEngine) {
    this.#engine = engine;
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#looks);
    await this.#starting;
  }

  #look(): void {
    if (this.#starting !== undefined || existsSync(`/proc/${this.#engine.pid}`)) return;
    this.ends++;
    this.#starting = this.#engine.startDaemon().finally(() => {
      this.#starting = undefined;
    });
  }
}

/** Of containers whose logs are sound. */
const INNOCENT = 8;
const RESTARTS = 3;

describe.skipIf(!hasEngine())("a damaged record in a log of the driver local", () => {
  test.each(sizes<Damaged[]>({ short: ["length before"], long: ["length behind", "whole"] }))(
    "ends an engine twice at most, and its containers are followed on: the %s",
    twoSizes,
    async (damaged) => {
      const engine = await RealEngine.start({ liveRestore: true });
      onTestFinished(() => engine.stop());
      const revival = new Revival(engine);
      onTestFinished(() => revival[Symbol.asyncDispose]());
      const script = STEADY;
      const id = await run(engine, { script, driver: "local" });
      const other = await run(engine, { script, driver: "local" });
      const options = { read: "engine", reconnect: { minDelayMs: 20, maxDelayMs: 200 } } as const;
      const following = follow(engine.socketPath, id, options);
      const innocent = follow(engine.socketPath, other, options);
      const path = join(engine.directory, "data/containers", id, "local-logs/container.log");
      await Promise.all([following.untilCount(AT_FIRST), innocent.untilCount(AT_FIRST)]);
      await damageLocal(path, DEPTH, damaged);
      for (let round = 1; round <= ROUNDS; round++) {
        await Promise.all(
          [following, innocent].map(async (one) => {
            const before = one.lines.length;
            await one.source.rotate();
            await one.untilCount(before + 2);
          }),
        );
      }
      report(`local, ${damaged}`, {
        version: await engine.version(),
        ends: revival.ends,
        gaps: following.of("gap").length,
      });
      expect(revival.ends).toBeLessThanOrEqual(2);
      expectTold(following);
      expectTold(innocent);
      expect(innocent.of("gap")).toEqual([]);
    },
  );

  test("is not seen in sound logs, however often the engine is killed while they are asked for their ends", async () => {
    const engine = await RealEngine.start({ liveRestore: true });
    onTestFinished(() => engine.stop());
    const all = await Promise.all(
      Array.from({ length: INNOCENT }, async () => {
        const id = await run(engine, { script: STEADY, driver: "local" });
        return follow(engine.socketPath, id, {
          read: "engine",
          reconnect: { minDelayMs: 20, maxDelayMs: 200 },
          rotateEveryMs: 30,
        });
      }),
    );
    for (let restart = 1; restart <= RESTARTS; restart++) {
      await Promise.all(all.map((one) => one.untilCount(one.lines.length + AT_FIRST)));
      await engine.killDaemon();
      await Promise.all(all.map((one) => one.untilStatus("reconnecting", restart)));
      await engine.startDaemon();
    }
    await Promise.all(all.map((one) => one.untilCount(one.lines.length + AT_FIRST)));
    for (const one of all) {
      expect(one.lines.map(numberOf)).toEqual(one.lines.map((_, index) => index));
      expect(one.of("gap")).toEqual([]);
      expect(one.of("engine-error")).toEqual([]);
    }
  });
});
