import { isObject } from "../checks.ts";
import type { Checkpoint } from "./store.ts";

/**
 * `{"format":"dockspool checkpoints","version":1,"entries":{"<key>":{…},…}}`, an entry a line, so that people can read it.
 */
const FORMAT = "dockspool checkpoints";
const VERSION = 1;

/** `entries`: each one's JSON by its key. */
export function formatFile(entries: ReadonlyMap<string, string>): string {
  const lines = Array.from(entries, ([key, json]) => `${JSON.stringify(key)}:${json}`);
  const head = JSON.stringify({ format: FORMAT, version: VERSION }).slice(0, -1);
  return `${head},"entries":{\n${lines.join(",\n")}\n}}\n`;
}

/** @throws Error that says why it is no such file, or one that this release can't read */
export function parseFile(bytes: Buffer): Map<string, string> {
  const root = parseObject(decode(bytes));
  if (root === undefined) throw new Error("it is damaged (not a JSON object)");
  if (root["format"] !== FORMAT) throw new Error("it is not a checkpoint file of dockspool");
  if (root["version"] !== VERSION) {
    throw new Error(
      `it has version ${JSON.stringify(root["version"])}, and this release reads version ${VERSION}`,
    );
  }
  const { entries } = root;
  if (!isObject(entries)) throw new Error("it is damaged (no entries)");
  return new Map(
    Object.entries(entries).map(([key, entry]) => {
      if (!isObject(entry)) throw new Error(`it is damaged (entry ${key})`);
      return [key, JSON.stringify(entry)];
    }),
  );
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("it is damaged (not UTF-8)");
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A saved entry, which is an object's JSON. */
export function parseEntry(json: string): Checkpoint {
  return parseObject(json) ?? {};
}
