import { toUtc } from "../../wire/timestamps.ts";

/** A time field's value as RFC 3339 in UTC: a text with a time zone, or seconds, milliseconds, … since 1970. */
export function timeOf(value: unknown): string | undefined {
  if (typeof value === "number") return ofNumber(value);
  if (typeof value !== "string" || value.length > MAX_LENGTH) return undefined;
  return /^\d{9,19}(?:\.\d+)?$/.test(value) ? ofNumber(Number(value)) : ofText(value);
}

const AT_START =
  /^\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\s?(?:Z|UTC|[+-]\d\d:?\d\d))(?![\d:])/i;

/** The time that a plain text begins with. */
export function timeAtStart(line: string): string | undefined {
  const [, time] = AT_START.exec(line.slice(0, MAX_LENGTH)) ?? [];
  return time === undefined ? undefined : ofText(time);
}

/** Longer than any time that is written. */
const MAX_LENGTH = 64;

const PARTS =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(?:(Z|UTC)|([+-]\d\d):?(\d\d))$/i;

function ofText(text: string): string | undefined {
  const match = PARTS.exec(text);
  if (match === null) return undefined;
  const [, date, time, fraction, utc, hours, minutes] = match;
  const zone = utc === undefined ? `${hours}:${minutes}` : "Z";
  return toUtc(`${date}T${time}${fraction === undefined ? "" : `.${fraction}`}${zone}`);
}

/** Seconds until 1973, or milliseconds until 1970-04, are no times of logs; the units tell themselves apart. */
const LEAST_SECONDS = 1e8;

function ofNumber(value: number): string | undefined {
  if (!(value >= LEAST_SECONDS && value < 1e20)) return undefined;
  const ms =
    value < 1e11 ? value * 1e3 : value < 1e14 ? value : value < 1e17 ? value / 1e3 : value / 1e6;
  return new Date(Math.round(ms)).toISOString();
}
