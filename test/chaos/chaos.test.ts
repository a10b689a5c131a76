import { fork } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CollectorTask } from "../../chaos/journal.ts";
import { binDirectoryOf, engineNamed, fetchedVersion } from "../../scripts/engines/catalog.ts";
import { eventually } from "../support/fake-follow.ts";
import { whyNoEngine } from "../support/real-engine/programs.ts";
import { longOnly } from "../support/size.ts";

const MINUTES = 0.5;

describe("the oracle", longOnly, () => {
  test("catches each bug that is put in on purpose, and is content without it", async () => {
    const { BuiltLibrary } = await import("../../chaos/library.ts");
    const { selfTest } = await import("../../chaos/self-test.ts");
    await using library = await BuiltLibrary.build();
    const catches = await selfTest(library);
    expect(catches.length).toBeGreaterThanOrEqual(5);
    for (const { bug, caughtBy, said, violations } of catches) {
      expect([bug.name, caughtBy !== undefined, said]).toEqual([bug.name, true, said]);
      expect([bug.name, violations]).toEqual([bug.name, []]);
    }
  });
});

describe("a self-test", () => {
  test("that fails has ended all that it began", async () => {
    const { selfTest } = await import("../../chaos/self-test.ts");
    const { bugs } = await import("../../chaos/bugs.ts");
    let begun = 0;
    let ended = 0;
    const library = {
      folder: "",
      with: async (): Promise<never> => {
        if (begun++ > 0) await new Promise((resolve) => setImmediate(resolve));
        throw new Error(`The try ${++ended} fails.`);
      },
      [Symbol.asyncDispose]: async () => {},
    };
    await expect(selfTest(library)).rejects.toThrow(/The try 1 fails\.[^]*The try 2 fails\./);
    expect([begun, ended]).toEqual([bugs.length, bugs.length]);
  });
});

describe("a collector", longOnly, () => {
  test("whose player is gone before it is loaded ends", async () => {
    const { BuiltLibrary } = await import("../../chaos/library.ts");
    const { makePlan } = await import("../../chaos/make-plan.ts");
    await using library = await BuiltLibrary.build();
    const task: CollectorTask = {
      library: library.folder,
      engine: { socketPath: join(library.folder, "nobody.sock") },
      plan: makePlan(1, "fake", MINUTES).collector,
      read: "engine",
      dataRoot: undefined,
      checkpointFile: join(library.folder, "checkpoints.json"),
      journalFile: join(library.folder, "journal"),
    };
    const child = fork(join(library.folder, "collector.js"), [JSON.stringify(task)]);
    try {
      child.disconnect();
      // One that runs on notes how it is.
      await eventually(() => child.exitCode !== null || isWritten(task.journalFile));
      expect(child.exitCode).toBe(1);
    } finally {
      child.kill("SIGKILL");
    }
  });
});

describe("chaos", longOnly, () => {
  // Of the real engine's the way is another one after the kill.
  const seeds = [
    ["fake", 11, "engine"],
    ["fake", 24, "engine"],
    ["real", 3, "both"],
    ["podman", 3, "both"],
  ] as const;
  test.each(seeds)(
    "on a %s engine violates no guarantee (seed %i, read: %s)",
    async (engine, seed, read) => {
      if (engine === "real" && whyNoEngine() !== undefined) return;
      const binDirectory = engine === "podman" ? fetchedPodman() : undefined;
      if (engine === "podman" && whyNoEngine(binDirectory, "podman") !== undefined) return;
      const { BuiltLibrary } = await import("../../chaos/library.ts");
      const { makePlan } = await import("../../chaos/make-plan.ts");
      const { judge } = await import("../../chaos/oracle.ts");
      const { Player } = await import("../../chaos/run.ts");
      await using library = await BuiltLibrary.build();
      const { violations, figures } = await Player.play(
        makePlan(seed, engine, MINUTES, { read, binDirectory }),
        library.folder,
        judge,
      );
      expect(violations).toEqual([]);
      expect(figures.came).toBeGreaterThan(0);
      if (read === "both") {
        expect(figures.fromFiles).toBeGreaterThan(0);
        expect(figures.fromFiles).toBeLessThan(figures.came);
      }
    },
  );
});

describe("a plan", () => {
  test("is the same for the same seed, and another one for another", async () => {
    const { makePlan } = await import("../../chaos/make-plan.ts");
    const { shownPlan } = await import("../../chaos/plan.ts");
    const shown = (seed: number): string => shownPlan(makePlan(seed, "real", 1));
    expect(shown(7)).toBe(shown(7));
    expect(shown(7)).not.toBe(shown(8));
  });
});

/** Undefined: the machine's own is taken. */
function fetchedPodman(): string | undefined {
  const engine = engineNamed("podman-5.4");
  return fetchedVersion(engine) === undefined ? undefined : binDirectoryOf(engine);
}

function isWritten(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0;
}
