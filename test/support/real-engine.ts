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
    /** The engines that suites share, one for each worker; none where none can be started here. */
    sharedEngines: readonly EngineHandle[];
    /** Whether HAProxy can be started here. */
    haproxy: boolean;
  }
}

const NOWHERE: EngineHandle = { directory: "", socketPath: "", ownSocketPath: "", pid: 0 };

/** Whether an engine can be started here. */
export function hasEngine(): boolean {
  return inject("sharedEngines").length > 0;
}

/** That of this worker: no other file uses it meanwhile, so that what it has open can be counted. */
function sharedEngine(): EngineHandle | undefined {
  return inject("sharedEngines")[Number(process.env["VITEST_POOL_ID"]) - 1];
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
  const handle = sharedEngine();
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
