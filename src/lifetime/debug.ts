import { debuglog } from "node:util";
import { printable } from "../printable.ts";

/** Writes to stderr with NODE_DEBUG=dockspool; a line is put together only where `enabled`. */
export const debug: ReturnType<typeof debuglog> = debuglog("dockspool");

/** One change of a state, as a line for people. `what`: "stream web"; `waitsFor`: undefined where it waits for nothing. */
export function transition(what: string, from: string, to: string, waitsFor?: string): string {
  const line = `${what}: ${from} -> ${to}`;
  return printable(waitsFor === undefined ? line : `${line}, waits for ${waitsFor}`);
}
