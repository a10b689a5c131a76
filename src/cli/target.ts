import { EngineClient } from "../engine/engine-client.ts";
import { validateEngine } from "../engine/engine-options.ts";
import { shownUrl } from "../engine/shown-url.ts";
import { DockspoolError, messageOf } from "../errors.ts";
import type { Engine } from "../index.ts";
import { startDemo } from "./demo.ts";
import type { Demo } from "./demo.ts";
import type { Settings, WantedEngine } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

const CONTACT_MS = 15_000;

/** The engine whose logs are read. */
export interface Target {
  readonly engine: Engine;
  /** In records and series. */
  readonly name: string;
  /** For people. */
  readonly label: string;
  /** An engine in this process; undefined: a real one. */
  readonly demo: Demo | undefined;
  /** Why it is a demo, where none was asked for. */
  readonly whyDemo: string | undefined;
}

/** The engine that was asked for can't be reached. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/**
 * The engine that was asked for; where none was and none is found, one in this process.
 *
 * @throws UsageError; Unreachable
 */
export async function findTarget({ engine, checkpoints }: Settings): Promise<Target> {
  if (engine.kind === "demo") return demoTarget(undefined);
  const wanted = resolve(engine);
  const client = new EngineClient(wanted.engine);
  try {
    await client.list(AbortSignal.timeout(CONTACT_MS));
    return {
      ...wanted,
      label: wanted.label ?? client.address,
      demo: undefined,
      whyDemo: undefined,
    };
  } catch (error) {
    if (DockspoolError.is(error, "INVALID_OPTION"))
      throw new UsageError(error.message.replace('Option "engine.context"', "Option --context"));
    // Positions of a demo are nobody's.
    if (engine.kind !== "found" || checkpoints !== undefined)
      throw new Unreachable(messageOf(error));
    return await demoTarget(messageOf(error));
  } finally {
    await client.close();
  }
}

type Wanted = Pick<Target, "engine" | "name"> & { readonly label?: string };

function resolve(engine: Exclude<WantedEngine, { kind: "demo" }>): Wanted {
  switch (engine.kind) {
    case "found":
      return { engine: {}, name: "default" };
    case "url":
      checkUrl(engine.url);
      return { engine: engine.url, name: "default", label: shownUrl(engine.url) };
    default:
      return {
        engine: { context: engine.name },
        name: engine.name,
        label: `context ${engine.name}`,
      };
  }
}

/** @throws UsageError */
function checkUrl(url: string): void {
  try {
    validateEngine(url);
  } catch (error) {
    throw new UsageError(messageOf(error).replace('Option "engine"', "Option --engine"));
  }
}

async function demoTarget(whyDemo: string | undefined): Promise<Target> {
  const demo = await startDemo();
  return { engine: demo.engine, name: "demo", label: "demo", demo, whyDemo };
}
