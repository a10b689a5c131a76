import { record, string } from "./json.ts";
import type { EngineTraits } from "./traits.ts";

export interface EngineIdentity {
  /** Without a slash. */
  readonly id: string;
  /** The id is the engine's own, or its user has named the engine: no other engine should have it. */
  readonly isDistinct: boolean;
  /** Without a slash: the id and, where other hosts may have the same, the host's name as far as the engine tells. */
  readonly noteKey: string;
}

/** The name of an engine that was given none. */
export const DEFAULT_NAME = "default";

/** Reads the answer of `/info`; undefined where it is none. */
export function parseIdentity(
  json: unknown,
  { namesItself }: EngineTraits,
  anonymous: EngineIdentity,
): EngineIdentity | undefined {
  const root = record(json);
  const isEngine = ["ID", "SystemTime", "ServerVersion", "Containers"].some((name) => name in root);
  if (!isEngine) return undefined;
  const ownId = string(root["ID"]);
  const host = string(root["Name"]);
  if (ownId !== "" && namesItself) {
    const id = withoutSlash(ownId);
    return { id, isDistinct: true, noteKey: id };
  }
  const { id, isDistinct } = anonymous;
  const noteKey = isDistinct || host === "" ? id : withoutSlash(`${id}@${host}`);
  return { id, isDistinct, noteKey };
}

/**
 * An engine that does not say who it is, is the one at this address. Such an address is often the same on every host: only a
 * name that the user has given tells them apart.
 */
export function anonymousIdentity(name: string, address: string): EngineIdentity {
  const id = withoutSlash(`${name}@${address}`);
  return { id, isDistinct: name !== DEFAULT_NAME, noteKey: id };
}

function withoutSlash(id: string): string {
  return id.replaceAll("/", "%2F");
}
