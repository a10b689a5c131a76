import type { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import { joiningOf } from "../engine/traits.ts";
import { EngineLogReader } from "./engine-log-reader.ts";
import type { Start } from "../lines/line-options.ts";
import { findStart } from "./start.ts";
import type { StartOptions } from "./start.ts";

/** Where reading begins by these options, as of now, for a source that reads later. @throws DockspoolError */
export async function locate(
  client: EngineClient,
  inspection: Inspection,
  options: StartOptions,
  signal: AbortSignal,
): Promise<Start> {
  const reader = new EngineLogReader(client, inspection, () => {});
  const joining = joiningOf(inspection.traits, inspection.info.logDriver);
  return findStart(reader, joining, options, signal);
}
