import { checkKeys, checkNumber } from "../../checks.ts";
import { ofFields } from "./fields.ts";
import { jsonFields } from "./json.ts";
import { levelIn } from "./level.ts";
import { logfmtFields } from "./logfmt.ts";
import type { ParsedLine } from "./parsed-line.ts";
import { timeAtStart } from "./time.ts";

export interface ParseOptions {
  /** A longer line, in bytes of UTF-8, is not taken apart: it is its own message. Default 65,536. */
  maxBytes?: number;
  /** So is a JSON line in which an object or array lies more than so many levels below the line's own. Default 16. */
  maxDepth?: number;
}

const MAX_BYTES = 64 * 1_024;
const MAX_DEPTH = 16;

/**
 * Reads what a line says of itself: JSON lines of pino, bunyan, winston, zap, logrus and the like; logfmt; and in plain text a
 * word for the level and a time at the beginning. Whatever the line holds, it never throws; what it does not understand is the message.
 *
 * @throws DockspoolError INVALID_OPTION, for its options
 * @example
 * parseLine('{"level":30,"time":1795968120000,"msg":"listening","port":8080}');
 * // { message: "listening", level: "info", time: "2026-11-29T16:02:00.000Z", fields: { port: 8080 } }
 */
export function parseLine(line: string, options: ParseOptions = {}): ParsedLine {
  checkKeys("", options, ["maxBytes", "maxDepth"]);
  const { maxBytes = MAX_BYTES, maxDepth = MAX_DEPTH } = options;
  checkNumber("maxBytes", maxBytes, 0, Number.MAX_SAFE_INTEGER, "bytes");
  checkNumber("maxDepth", maxDepth, 0, 100, "levels");
  if (Buffer.byteLength(line) > maxBytes)
    return { message: line, level: undefined, time: undefined, fields: {} };
  const fields = jsonFields(line, maxDepth) ?? logfmtFields(line);
  if (fields !== undefined) return ofFields(line, fields);
  return { message: line, level: levelIn(line), time: timeAtStart(line), fields: {} };
}
