import { checkKeys, ownRegExp } from "../../checks.ts";
import { invalidOption } from "../../errors.ts";
import type { LogRecord } from "../../wire/records.ts";
import { withLine } from "../record.ts";
import { fieldRedaction } from "./redact-fields.ts";

export interface RedactOptions {
  /**
   * Names of fields whose values are replaced, whatever their case and however deep: `"password": "x"` and `"password": {…}` in JSON,
   * `\"password\": \"x\"` in JSON inside of JSON (however often), `password=x`, `--password="x"`, `password: x` and `"password"=>"x"` in text. Default none.
   */
  fields?: readonly string[];
  /** What is replaced wherever it stands: texts, and expressions (each match). Default none. */
  patterns?: readonly (string | RegExp)[];
  /** What stands in its place; default "[redacted]". */
  with?: string;
}

/**
 * Makes a function that replaces secrets in a record's line, also where the line is cut short and no JSON any more. A record without
 * any is returned as it is. The `id` stays that of the engine's line. An expression of yours runs on whatever containers write: one
 * that backtracks without end stops the process.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * const clean = redact({ fields: ["password", "authorization"], patterns: [/\b\d{16}\b/] });
 * pool.deliver(mapRecords(clean, sink));
 */
export function redact(options: RedactOptions): (record: LogRecord) => LogRecord {
  const change = redaction(options);
  return (record) => {
    const line = change(record.line);
    return line === record.line ? record : withLine(record, line);
  };
}

function redaction(options: RedactOptions): (line: string) => string {
  checkKeys("", options, ["fields", "patterns", "with"]);
  const { fields = [], patterns = [], with: mark = "[redacted]" } = options;
  if (typeof mark !== "string") throw invalidOption("with", mark, "a text");
  const changes = patterns.map((pattern) => patternRedaction(pattern, mark));
  if (fields.length > 0) changes.unshift(fieldRedaction(fields, mark));
  return (line) => changes.reduce((text, change) => change(text), line);
}

function patternRedaction(pattern: unknown, mark: string): (line: string) => string {
  if (typeof pattern === "string" && pattern !== "")
    return (line) => line.replaceAll(pattern, () => mark);
  const own = ownRegExp(pattern, /[gy]/g);
  if (own === undefined) throw invalidOption("patterns", pattern, "texts and regular expressions");
  const each = new RegExp(own.source, `${own.flags}g`);
  return (line) => line.replace(each, () => mark);
}
