import { statfs } from "node:fs/promises";
import type { RealEngine } from "../test/support/real-engine/engine.ts";

/** What stays free besides. */
const SPARE_BYTES = 1_000_000_000;

/** So much may be written where the engine keeps its logs. */
export async function hasRoom(engine: RealEngine, bytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(engine.directory);
  return bavail * bsize > bytes + SPARE_BYTES;
}
