import { isObject } from "../checks.ts";
import { invalidOption } from "../errors.ts";
import { checkKey } from "./arguments.ts";
import type { Checkpoint } from "./store.ts";

/** Entries as JSON. @throws DockspoolError INVALID_OPTION where one is none: it would damage what it is written into */
export function checkpointsAsJson(
  entries: ReadonlyMap<string, Checkpoint>,
): readonly (readonly [key: string, json: string])[] {
  // An object that is no Map has no entries that a loop would show.
  if (!isObject(entries) || !(Symbol.iterator in entries))
    throw invalidOption("entries", entries, "a Map of checkpoints by their keys");
  return Array.from(entries, ([key, checkpoint]) => [key, asJson(key, checkpoint)] as const);
}

function asJson(key: unknown, checkpoint: unknown): string {
  checkKey(key, "entries");
  const place = `entries[${JSON.stringify(key)}]`;
  if (!isObject(checkpoint)) throw invalidOption(place, checkpoint, "an object that JSON can hold");
  try {
    const json: unknown = JSON.stringify(checkpoint);
    if (typeof json === "string" && json.startsWith("{")) return json;
  } catch {
    // It holds itself, or a value that JSON does not have.
  }
  throw invalidOption(place, "what is no JSON", "an object that JSON can hold");
}
