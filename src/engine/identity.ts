import { record, string } from "./json.ts";
import { UNSEEN } from "./modem.ts";
import type { EngineTraits } from "./traits.ts";

export interface EngineIdentity {
  /** Without a slash. */
  readonly id: string;
  /** Another engine may have the same one. */
  readonly isShared: boolean;
  /** By how much the engine's clock is ahead of this machine's, in milliseconds; 0 where it is not said. */
  readonly clockAheadMs: number;
}

/** Reads the answer of `/info`; undefined where it is none. */
export function parseIdentity(
  json: unknown,
  { namesItself }: EngineTraits,
  anonymous: EngineIdentity,
): EngineIdentity | undefined {
  const root = record(json);
  const id = string(root["ID"]);
  const aheadMs = Date.parse(string(root["SystemTime"])) - Date.now();
  const clockAheadMs = Number.isNaN(aheadMs) ? 0 : aheadMs;
  const isEngine = ["ID", "SystemTime", "ServerVersion", "Containers"].some((name) => name in root);
  if (!isEngine) return undefined;
  if (id === "" || !namesItself) return { ...anonymous, clockAheadMs };
  return { id: withoutSlash(id), isShared: false, clockAheadMs };
}

/** An engine that does not say who it is, is the one at this address, and by this name where there are several. */
export function anonymousIdentity(name: string, address: string): EngineIdentity {
  const id = withoutSlash(`${name}@${address}`);
  return { id, isShared: address === UNSEEN, clockAheadMs: 0 };
}

function withoutSlash(id: string): string {
  return id.replaceAll("/", "%2F");
}
