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

/** What an engine calls itself, and its host. */
interface OwnNames {
  /** Undefined where it makes up another for each answer (Podman), or may not be asked. */
  readonly id: string | undefined;
  readonly host: string | undefined;
}

/** What an engine says of itself. */
export interface OwnInfo extends OwnNames {
  /** Where it keeps its data, by its own path; undefined where it may not be asked. */
  readonly dataRoot: string | undefined;
}

/** Reads the answer of `/info`; undefined where it is none. */
export function parseOwnInfo(json: unknown, { namesItself }: EngineTraits): OwnInfo | undefined {
  const root = record(json);
  if (!isInfo(root)) return undefined;
  const id = string(root["ID"]);
  const host = string(root["Name"]);
  const dataRoot = string(root["DockerRootDir"]);
  return {
    id: namesItself && id !== "" ? id : undefined,
    host: host === "" ? undefined : host,
    dataRoot: dataRoot.startsWith("/") ? dataRoot : undefined,
  };
}

function isInfo(root: Readonly<Record<string, unknown>>): boolean {
  return ["ID", "SystemTime", "ServerVersion", "Containers"].some((name) => name in root);
}

/** Reads the answer of `/info`; undefined where it is none. */
export function parseIdentity(
  json: unknown,
  traits: EngineTraits,
  anonymous: EngineIdentity,
): EngineIdentity | undefined {
  const own = parseOwnInfo(json, traits);
  if (own === undefined) return undefined;
  if (own.id !== undefined) {
    const id = withoutSlash(own.id);
    return { id, isDistinct: true, noteKey: id };
  }
  const { host } = own;
  const { id, isDistinct } = anonymous;
  const noteKey = isDistinct || host === undefined ? id : withoutSlash(`${id}@${host}`);
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
