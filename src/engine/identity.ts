import { record, string } from "./json.ts";
import type { EngineTraits } from "./traits.ts";

export interface EngineIdentity {
  /** Without a slash. */
  readonly id: string;
  /** By how much the engine's clock is ahead of this machine's, in milliseconds; 0 where it is not said. */
  readonly clockAheadMs: number;
}

/** Reads the answer of `/info`. */
export function parseIdentity(
  json: unknown,
  { namesItself }: EngineTraits,
  anonymous: EngineIdentity,
): EngineIdentity {
  const root = record(json);
  const id = string(root["ID"]);
  const aheadMs = Date.parse(string(root["SystemTime"])) - Date.now();
  return {
    id: id === "" || !namesItself ? anonymous.id : withoutSlash(id),
    clockAheadMs: Number.isNaN(aheadMs) ? 0 : aheadMs,
  };
}

/** An engine that does not say who it is, is the one at this address, and by this name where there are several. */
export function anonymousIdentity(name: string, address: string): EngineIdentity {
  return { id: withoutSlash(`${name}@${address}`), clockAheadMs: 0 };
}

function withoutSlash(id: string): string {
  return id.replaceAll("/", "%2F");
}
