import { sinceTimestamp } from "../stream/from.ts";
import { wrongValue } from "./usage-error.ts";

/** Where a server listens. Port 0: any that is free. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export type Labels = Readonly<Record<string, string | true>>;

const LOOPBACK = "127.0.0.1";
const MAX_PORT = 65_535;
const MOST = 999_999_999;
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const SPANS = /^(?:\d{1,9}(?:\.\d{1,3})?[smhd])+$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** `KEY` or `KEY=VALUE`, added to those that were given before. */
export function label(option: string, given: string, others: Labels = {}): Labels {
  const [, key = "", value] = /^([^=]+)(?:=(.*))?$/s.exec(given) ?? [];
  if (key === "") throw wrongValue(option, given, "KEY or KEY=VALUE");
  return { ...others, [key]: value ?? true };
}

export function wholeNumber(
  option: string,
  given: string,
  from = 0,
  besides = "",
  to: number = MOST,
): number {
  const value = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  if (!(value >= from && value <= to))
    throw wrongValue(option, given, `a whole number from ${from} to ${to}${besides}`);
  return value;
}

/** A whole number, or "all". */
export function tail(option: string, given: string): number | "all" {
  return given === "all" ? "all" : wholeNumber(option, given, 0, ', or "all"');
}

/** In milliseconds. */
export function seconds(option: string, given: string): number {
  const value = /^\d{1,5}(?:\.\d{1,3})?$/.test(given) ? Number(given) : Number.NaN;
  if (!(value >= 0.1 && value <= 86_400))
    throw wrongValue(option, given, "seconds from 0.1 to 86400");
  return Math.round(value * 1_000);
}

/** A time, a day (UTC), or how long ago: "90s", "1h30m". As an RFC 3339 time. */
export function since(option: string, given: string, now: number = Date.now()): string {
  if (SPANS.test(given)) {
    const parts = [...given.matchAll(/([\d.]+)([smhd])/g)];
    const ms = parts.reduce(
      (sum, [, count, unit = ""]) => sum + Number(count) * (UNIT_MS[unit] ?? 0),
      0,
    );
    return new Date(Math.max(0, now - ms)).toISOString();
  }
  const time = sinceTimestamp(DAY.test(given) ? `${given}T00:00:00Z` : given);
  if (time === undefined)
    throw wrongValue(
      option,
      given,
      "how long ago (90s, 10m, 1h30m, 2d), a day (2026-11-28) or an RFC 3339 time (2026-11-28T15:00:00Z)",
    );
  return time;
}

/** A regular expression as JavaScript has it, as it is or with flags: "/error|warning/i". All matches of one are no more than the first. */
export function expression(option: string, given: string): RegExp {
  const [, source = given, flags = ""] = /^\/(.+)\/([gimsu]*)$/s.exec(given) ?? [];
  try {
    return new RegExp(source, flags.replace("g", ""));
  } catch {
    throw wrongValue(option, given, "a regular expression, such as error|warning or /error/i");
  }
}

/** `PORT` or `HOST:PORT`; without a host on this machine only. */
export function listenAddress(option: string, given: string): ListenAddress {
  const [, host, bracketed, digits = ""] =
    /^(?:([\w.-]+):|\[([\da-f:.]+)\]:)?(\d{1,5})$/i.exec(given) ?? [];
  const port = digits === "" ? Number.NaN : Number(digits);
  if (!(port <= MAX_PORT))
    throw wrongValue(option, given, "a port from 0 to 65535, or HOST:PORT; 0 is any free one");
  return { host: host ?? bracketed ?? LOOPBACK, port };
}

/** Any text but none. */
export function text(option: string, given: string): string {
  if (given === "") throw wrongValue(option, given, "a text that is not empty");
  return given;
}
