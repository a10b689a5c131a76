import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, inject } from "vitest";
import type { TestOptions } from "vitest";

import { RealEngine } from "./real-engine/engine.ts";
import type { EngineHandle } from "./real-engine/engine.ts";
import { longOnly } from "./size.ts";

export { RealEngine } from "./real-engine/engine.ts";
export type { RunOptions } from "./real-engine/engine.ts";
export { Haproxy } from "./real-engine/haproxy.ts";
export type { HaproxyOptions } from "./real-engine/haproxy.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The engines that suites share, one for each file at a time; none where none can be started here. */
    sharedEngines: readonly EngineHandle[];
    /** Whether HAProxy can be started here. */
    haproxy: boolean;
  }
}

const NOWHERE: EngineHandle = {
  kind: "docker",
  directory: "",
  socketPath: "",
  ownSocketPath: "",
  pid: 0,
};

/** Whether an engine can be started here. */
export function hasEngine(): boolean {
  return inject("sharedEngines").length > 0;
}

const WAIT_MS = 50;
const LONGEST_WAIT_MS = 30_000;

let taken: EngineHandle | undefined;

/** One of the engines for this file alone, so that what the engine has open can be counted. */
function takeEngine(): EngineHandle | undefined {
  const engines = inject("sharedEngines");
  if (taken !== undefined || engines.length === 0) return taken;
  // A process that has done its work may take a moment to end.
  for (let wait = 0; wait < LONGEST_WAIT_MS && taken === undefined; wait += WAIT_MS) {
    taken = engines.find(take);
    if (taken === undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
  }
  if (taken === undefined) throw new Error("Each engine is in use by another file.");
  const note = noteOf(taken);
  afterAll(() => rmSync(note, { force: true }));
  return taken;
}

/** Says who uses an engine. */
function noteOf({ directory }: EngineHandle): string {
  return join(directory, "taken-by");
}

/** Takes an engine where nobody has it, or whoever had it is no more. */
function take(engine: EngineHandle): boolean {
  const note = noteOf(engine);
  try {
    writeFileSync(note, String(process.pid), { flag: "wx" });
  } catch {
    if (existsSync(`/proc/${readFileSync(note, "utf8")}`)) return false;
    writeFileSync(note, String(process.pid));
  }
  return true;
}

/**
 * A suite against the shared engine; skipped where none can be started. When the suite ends, the containers that it has
 * run by `engine` are removed.
 */
export function describeWithEngine(
  name: string,
  body: (engine: RealEngine) => void,
  options: TestOptions = {},
): void {
  const handle = takeEngine();
  if (handle === undefined) {
    describe.skip(name, () => body(RealEngine.attach(NOWHERE)));
    return;
  }
  describe(name, options, () => {
    const engine = RealEngine.attach(handle);
    afterAll(() => engine.stop());
    body(engine);
  });
}

/** As `describeWithEngine`, for a suite that has no short form. */
export function describeLongWithEngine(name: string, body: (engine: RealEngine) => void): void {
  describeWithEngine(name, body, longOnly);
}

/** As `describeWithEngine`, for a suite that puts HAProxy before the engine; skipped where that can't be started either. */
export function describeWithHaproxy(name: string, body: (engine: RealEngine) => void): void {
  if (inject("haproxy")) describeWithEngine(name, body);
  else describe.skip(name, () => body(RealEngine.attach(NOWHERE)));
}
