import type { TestProject } from "vitest/node";

import { RealEngine } from "../real-engine/engine.ts";
import type { EngineHandle } from "../real-engine/engine.ts";
import { whyNoJournald } from "../real-engine/journald.ts";
import { skipped } from "../skipped.ts";
import { chosenEngines } from "./chosen.ts";
import type { Startable } from "./chosen.ts";

export interface MatrixEngine extends Startable {
  readonly version: string;
  /** For all drivers but, on Podman, journald. */
  readonly handle: EngineHandle;
  /** For journald; undefined where no journal can be had. */
  readonly journald: EngineHandle | undefined;
}

declare module "vitest" {
  interface ProvidedContext {
    matrix: readonly MatrixEngine[];
  }
}

/** Starts the engines of the matrix. Podman is started twice: with a journal it writes its events there as well. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { engines, missing } = chosenEngines();
  if (missing.length > 0) skipped(`Engines skipped: ${missing.join("; ")}`);
  const noJournald = whyNoJournald();
  if (noJournald !== undefined) skipped(`The driver journald is skipped: ${noJournald}`);
  const hasJournald = noJournald === undefined;

  const started: RealEngine[] = [];
  const end = async (): Promise<void> => {
    for (const engine of started.splice(0)) await engine.stop();
    process.removeListener("SIGTERM", exitOnSignal);
  };
  process.once("SIGTERM", exitOnSignal);
  try {
    const matrix: MatrixEngine[] = [];
    for (const engine of engines) {
      const start = async (journald: boolean): Promise<RealEngine> => {
        const { kind, binDirectory } = engine;
        const where = binDirectory === undefined ? {} : { binDirectory };
        const one = await RealEngine.start({ kind, journald, ...where });
        started.push(one);
        return one;
      };
      const isTwo = engine.kind === "podman" && hasJournald;
      const first = await start(hasJournald && !isTwo);
      const second = isTwo ? await start(true) : undefined;
      const journald = isTwo ? second?.handle : hasJournald ? first.handle : undefined;
      const version = await first.version();
      matrix.push({ ...engine, version, handle: first.handle, journald });
    }
    project.provide("matrix", matrix);
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

function exitOnSignal(): never {
  process.exit(143);
}
