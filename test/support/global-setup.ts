import type { TestProject } from "vitest/node";

import { RealEngine } from "./real-engine/engine.ts";
import { whyNoEngine } from "./real-engine/programs.ts";

/** Set once the line was printed: this module is loaded anew for each project. */
const printed = Symbol.for("dockspool.engine-skip-printed");

/** Starts the engine that the suites of a project share; Vitest calls it only when one of their files is selected. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binDirectory = process.env["DOCKSPOOL_ENGINE_BIN"];
  const reason = whyNoEngine(binDirectory);
  if (reason !== undefined) {
    const message = `Real-engine suites skipped: ${reason}`;
    if (isContinuousIntegration()) throw new Error(`${message}. Under CI=true that is a failure.`);
    if (!Reflect.has(globalThis, printed)) console.log(message);
    Reflect.set(globalThis, printed, true);
    project.provide("sharedEngine", null);
    return async () => {};
  }
  const engine = await RealEngine.start(binDirectory === undefined ? {} : { binDirectory });
  project.provide("sharedEngine", engine.handle);
  // An engine is taken down when the process exits, but a signal ends it without that.
  process.once("SIGTERM", exitOnSignal);
  return async () => {
    await engine.stop();
    process.removeListener("SIGTERM", exitOnSignal);
  };
}

function exitOnSignal(): never {
  process.exit(143);
}

function isContinuousIntegration(): boolean {
  return process.env["CI"] === "true" || process.env["CI"] === "1";
}
