import { checkText } from "../checks.ts";
import { invalidOption } from "../errors.ts";

/** @throws DockspoolError INVALID_OPTION */
export function checkKey(key: string): void {
  checkText("key", key);
}

/** Not one text: its letters would be the keys. @throws DockspoolError INVALID_OPTION */
export function checkKeyList(keys: readonly string[]): void {
  if (!Array.isArray(keys)) throw invalidOption("keys", keys, "a list of keys");
  for (const key of keys) checkText("keys", key);
}

/** @throws DockspoolError INVALID_OPTION */
export function checkPrefix(prefix: string): void {
  if (typeof prefix !== "string") throw invalidOption("prefix", prefix, "a string");
}
