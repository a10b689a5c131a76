import { stripVTControlCharacters } from "node:util";
import type { Level } from "./parsed-line.ts";

/** Words of pino, bunyan, winston (npm and syslog levels), zap, logrus, log4j, Python, java.util.logging and syslog. */
const WORDS: ReadonlyMap<string, Level> = new Map<string, Level>([
  ["trace", "trace"],
  ["silly", "trace"],
  ["finest", "trace"],
  ["debug", "debug"],
  ["verbose", "debug"],
  ["fine", "debug"],
  ["info", "info"],
  ["information", "info"],
  ["notice", "info"],
  ["http", "info"],
  ["warn", "warn"],
  ["warning", "warn"],
  ["error", "error"],
  ["err", "error"],
  ["severe", "error"],
  ["fatal", "fatal"],
  ["critical", "fatal"],
  ["crit", "fatal"],
  ["alert", "fatal"],
  ["emerg", "fatal"],
  ["emergency", "fatal"],
  ["panic", "fatal"],
  ["dpanic", "fatal"],
]);

/** A level field's value: a word, or a number of pino and bunyan (10 to 60). */
export function levelOf(value: unknown): Level | undefined {
  if (typeof value === "string") return WORDS.get(value.toLowerCase());
  if (typeof value !== "number" || value < 10 || value > 60) return undefined;
  if (value <= 10) return "trace";
  if (value <= 20) return "debug";
  if (value <= 30) return "info";
  if (value <= 40) return "warn";
  return value <= 50 ? "error" : "fatal";
}

const NAMES = [...WORDS.keys()].filter((word) => word !== "http" && word !== "fine").join("|");
/** In capitals a word is a level anywhere; else where "[…]", "<…>", "(…)" or ":" mark it. */
const IN_CAPITALS = new RegExp(`(?<![\\w-])(?:${NAMES.toUpperCase()})(?![\\w-])`);
const MARKED = new RegExp(
  `[[<(](${NAMES})[\\]>)]|(?<![\\w-])(${NAMES})\\s?:|\\blevel=(${NAMES})\\b`,
  "i",
);

/** A level stands at a line's beginning, behind a time and a name. */
const SEARCHED = 160;

/** The first word in a plain text that names a level. */
export function levelIn(line: string): Level | undefined {
  const start = stripVTControlCharacters(line.slice(0, SEARCHED));
  const capitals = IN_CAPITALS.exec(start);
  const marked = MARKED.exec(start);
  const first = marked === null || (capitals !== null && capitals.index < marked.index);
  const [, bracketed, named, assigned] = marked ?? [];
  return levelOf(first ? capitals?.[0] : (bracketed ?? named ?? assigned));
}
