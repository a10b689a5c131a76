import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Entry } from "../../scripts/soak/samples.ts";
import { recordingOf } from "../../scripts/soak/samples.ts";
import { soak } from "../../scripts/soak/soak.ts";
import { wrongWith } from "../../scripts/soak/verdict.ts";
import { report } from "../support/follow.ts";
import { describeLongWithEngine } from "../support/real-engine.ts";

const MINUTES = 3;
/** Four hours of 50 containers at one in five minutes. */
const ROTATIONS = 2_400;

describeLongWithEngine("the soak's short form: three minutes of 50 containers", (engine) => {
  test("is after 2,400 rotations as it was before, and has all lines", async () => {
    const journalPath = join(tmpdir(), `dp-soak-${process.pid}`);
    onTestFinished(() => rmSync(journalPath, { force: true }));
    const { ServerVersion } = await engine.info();
    const entries: Entry[] = [];
    const end = await soak({
      engine,
      options: {
        containers: 50,
        minutes: MINUTES,
        rotations: ROTATIONS,
        sampleEveryMs: 5_000,
        restartEveryMs: 10_000,
        pace: 1,
      },
      versions: { engine: ServerVersion, node: process.versions.node, kernel: "", cores: 0 },
      journalPath,
      record: (entry) => entries.push(entry),
      stop: new AbortController().signal,
    });
    const recording = recordingOf(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    const { kinds: _, ...figures } = end;
    report("soak", { ...figures, samples: recording.samples.length });
    for (const { kind, ...counts } of end.kinds) report(`soak, ${kind}`, counts);
    expect(wrongWith(recording)).toEqual([]);
  });
});
