import type { TestProject } from "vitest/node";

import { RealEngine } from "./real-engine/engine.ts";
import { whyNoHaproxy } from "./real-engine/haproxy.ts";
import { whyNoEngine } from "./real-engine/programs.ts";
import { throughHaproxy } from "./real-engine/through.ts";
import { skipped } from "./skipped.ts";

/**
 * Starts as many engines as files run at once, one for each; Vitest calls it only when one of their files is selected.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const noHaproxy = whyNoHaproxy();
  if (noHaproxy !== undefined) {
    if (throughHaproxy()) throw new Error(`DOCKSPOOL_THROUGH: ${noHaproxy}.`);
    skipped(`Suites through HAProxy skipped: ${noHaproxy}`);
  }
  project.provide("haproxy", noHaproxy === undefined);

  const binDirectory = process.env["DOCKSPOOL_ENGINE_BIN"];
  const noEngine = whyNoEngine(binDirectory);
  if (noEngine !== undefined) {
    skipped(`Real-engine suites skipped: ${noEngine}`);
    project.provide("sharedEngines", []);
    return async () => {};
  }
  const engines: RealEngine[] = [];
  const { maxWorkers } = project.config;
  for (let worker = 0; worker < maxWorkers; worker++)
    engines.push(await RealEngine.start(binDirectory === undefined ? {} : { binDirectory }));
  project.provide(
    "sharedEngines",
    engines.map(({ handle }) => handle),
  );
  if (throughHaproxy()) console.log("Engines are behind HAProxy.");
  // An engine is taken down when the process exits, but a signal ends it without that.
  process.once("SIGTERM", exitOnSignal);
  return async () => {
    await Promise.all(engines.map((engine) => engine.stop()));
    process.removeListener("SIGTERM", exitOnSignal);
  };
}

function exitOnSignal(): never {
  process.exit(143);
}
