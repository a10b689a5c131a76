import { existsSync } from "node:fs";

import { describe, expect, inject, onTestFinished, test } from "vitest";

import { RealEngine } from "../support/real-engine/engine.ts";
import { mountsUnder, pathsOutside, processesOf } from "../support/real-engine/leftovers.ts";

/** An engine of each kind and version, with a journal of its own. */
describe("an engine of the matrix", { tags: ["long"] }, () => {
  const engines = inject("matrix");

  test.each(engines.map((engine) => [engine.name, engine] as const))(
    "%s runs beside others and leaves nothing behind, also after a crash",
    async (_, { kind, binDirectory, version, journald }) => {
      const engine = await RealEngine.start({
        kind,
        version,
        liveRestore: true,
        journald: journald !== undefined,
        ...(binDirectory === undefined ? {} : { binDirectory }),
      });
      onTestFinished(() => engine.stop());
      const { directory } = engine;
      const driver = journald === undefined ? {} : { driver: "journald" };
      const id = await engine.run({ script: "echo up; sleep 600", ...driver });
      // The daemon, a container and what holds it; a journal.
      const expected = journald === undefined ? 3 : 4;
      expect(processesOf(directory).length).toBeGreaterThanOrEqual(expected);
      const { sockets, cgroups } = pathsOutside(directory);
      expect(cgroups.length).toBeGreaterThan(0);
      await engine.killDaemon();
      await engine.startDaemon();
      const state = await engine.api({ method: "GET", path: `/containers/${id}/json` });
      expect(state.text).toContain('"Running":true');
      await engine.killDaemon();
      await engine.stop();
      expect(processesOf(directory)).toEqual([]);
      expect(mountsUnder(directory)).toEqual([]);
      expect(existsSync(directory)).toBe(false);
      expect([...sockets, ...cgroups].filter((path) => existsSync(path))).toEqual([]);
    },
  );

  // A file without a test fails.
  test.skipIf(engines.length > 0)("no engine", () => {});
});
