import { invalidOption } from "../errors.ts";

/** Any string. @throws DockspoolError INVALID_OPTION */
export function checkKey(key: unknown, place = "key"): void {
  if (typeof key !== "string") throw invalidOption(place, key, "a string");
}

/** Not one text: its letters would be the keys. @throws DockspoolError INVALID_OPTION */
export function checkKeyList(keys: readonly string[]): void {
  if (!Array.isArray(keys)) throw invalidOption("keys", keys, "a list of keys");
  for (const key of keys) checkKey(key, "keys");
}

/** @throws DockspoolError INVALID_OPTION */
export function checkPrefix(prefix: string): void {
  checkKey(prefix, "prefix");
}
