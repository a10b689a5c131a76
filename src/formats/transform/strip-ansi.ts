import { stripVTControlCharacters } from "node:util";
import type { LogRecord } from "../../wire/records.ts";
import { withLine } from "../record.ts";

/** Escape, and the one character that begins a sequence by itself. */
const INTRODUCERS = ["\u001b", "\u009b"];

/** The record without colours and other escape sequences of terminals. Its `id` stays. */
export function stripAnsi(record: LogRecord): LogRecord {
  if (!INTRODUCERS.some((character) => record.line.includes(character))) return record;
  return withLine(record, stripVTControlCharacters(record.line));
}
