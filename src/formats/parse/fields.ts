import { levelOf } from "./level.ts";
import type { ParsedLine } from "./parsed-line.ts";
import { timeOf } from "./time.ts";

/** The names of these fields in the loggers' own formats, the most usual one first. */
const MESSAGES = ["msg", "message", "@message", "@m"];
const LEVELS = ["level", "severity", "lvl", "levelname", "log.level", "loglevel", "@level", "@l"];
const TIMES = ["time", "timestamp", "ts", "@timestamp", "datetime", "@t"];

/** A line that consists of named values. What is understood as message, level or time is no field any more. */
export function ofFields(line: string, values: ReadonlyMap<string, unknown>): ParsedLine {
  const fields = new Map(values);
  const take = <T>(names: readonly string[], read: (value: unknown) => T | undefined) => {
    for (const name of names) {
      const value = read(values.get(name));
      if (value === undefined) continue;
      fields.delete(name);
      return value;
    }
    return undefined;
  };
  const message = take(MESSAGES, (value) => (typeof value === "string" ? value : undefined));
  const level = take(LEVELS, levelOf);
  const time = take(TIMES, timeOf);
  return { message: message ?? line, level, time, fields: Object.fromEntries(fields) };
}
