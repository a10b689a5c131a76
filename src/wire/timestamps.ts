import { DockspoolError } from "../errors.ts";
import { show } from "../printable.ts";

/** The form that the engine sends on almost every line: nanoseconds and "Z" (RFC 3339). */
export const NANOSECOND_UTC_LENGTH: number = "2026-11-23T15:58:34.885847851Z".length;

/** The longest form: nanoseconds and an offset. */
export const LONGEST_LENGTH: number = "2026-11-23T15:58:34.885847851+05:30".length;

/** "0" stands for any digit. */
const NANOSECOND_UTC = "0000-00-00T00:00:00.000000000Z";

/** Recognises the usual form without taking it apart: 30 characters, digits and punctuation in their places. */
export function isNanosecondUtc(text: string): boolean {
  if (text.length !== NANOSECOND_UTC_LENGTH) return false;
  for (let index = 0; index < NANOSECOND_UTC_LENGTH; index++) {
    const expected = NANOSECOND_UTC.charCodeAt(index);
    const code = text.charCodeAt(index);
    if (expected === 0x30 ? code < 0x30 || code > 0x39 : code !== expected) return false;
  }
  return true;
}

/** A copy: a part of a long string would keep all of that in memory. */
export function detached(timestamp: string): string {
  return Buffer.from(timestamp, "latin1").toString("latin1");
}

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d\d):(\d\d))$/;

/** Brings an RFC 3339 time to UTC and keeps its digits; undefined where it is no such time. */
export function toUtc(timestamp: string): string | undefined {
  const match = RFC3339.exec(timestamp);
  if (match === null) return undefined;
  const seconds = epochSeconds(match);
  if (seconds === undefined) return undefined;
  if (match[8] === "Z") return timestamp;
  const fraction = match[7] === undefined ? "" : `.${match[7]}`;
  const utc = new Date(seconds * 1000).toISOString();
  // Years of more than four digits have a sign.
  return /^\d/.test(utc) ? `${utc.slice(0, 19)}${fraction}Z` : undefined;
}

/**
 * A record's timestamp as nanoseconds since 1970-01-01T00:00:00Z.
 *
 * @throws DockspoolError INVALID_OPTION where it is no RFC 3339 time.
 */
export function epochNanoseconds(timestamp: string): bigint {
  const match = typeof timestamp === "string" ? RFC3339.exec(timestamp) : null;
  const seconds = match === null ? undefined : epochSeconds(match);
  if (match === null || seconds === undefined) {
    throw new DockspoolError(
      "INVALID_OPTION",
      `epochNanoseconds() was given ${show(timestamp)}; allowed: an RFC 3339 time such as "2026-11-23T15:58:34.885847851Z".`,
    );
  }
  return BigInt(seconds) * 1_000_000_000n + BigInt((match[7] ?? "").padEnd(9, "0"));
}

/** How many digits follow the point: 0 for whole seconds, 9 for nanoseconds. */
export function fractionDigits(utc: string): number {
  return utc.length <= 20 ? 0 : utc.length - 21;
}

/** Cuts a UTC timestamp to `digits` digits after the point, for comparison with a coarser one. */
export function coarsen(utc: string, digits: number): string {
  if (fractionDigits(utc) <= digits) return utc;
  return `${utc.slice(0, digits === 0 ? 19 : 20 + digits)}Z`;
}

/** A UTC timestamp as milliseconds since 1970-01-01T00:00:00Z, with their fractions. */
export function epochMs(utc: string): number {
  const fractions = utc.slice(23, -1);
  return Date.parse(utc) + (fractions === "" ? 0 : Number(`0.${fractions}`));
}

/** Negative where `a` is earlier than `b`; UTC timestamps of any precision, missing digits read as 0. */
export function compareTimestamps(a: string, b: string): number {
  const left = a.slice(0, -1);
  const right = b.slice(0, -1);
  if (left.length === right.length) return left < right ? -1 : left > right ? 1 : 0;
  const paddedLeft = padded(left);
  const paddedRight = padded(right);
  return paddedLeft < paddedRight ? -1 : paddedLeft > paddedRight ? 1 : 0;
}

function padded(withoutZone: string): string {
  return (withoutZone.length === 19 ? `${withoutZone}.` : withoutZone).padEnd(29, "0");
}

function epochSeconds(match: RegExpExecArray): number | undefined {
  const field = (index: number): number => Number(match[index] ?? "0");
  const [year, month, day] = [field(1), field(2), field(3)];
  const [hour, minute, second] = [field(4), field(5), field(6)];
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return undefined;
  if (field(10) > 23 || field(11) > 59) return undefined;
  // Date.UTC would take the years up to 99 for those of 1900.
  const midnight = new Date(0).setUTCFullYear(year, month - 1, day);
  if (new Date(midnight).getUTCDate() !== day) return undefined;
  const offset = (match[9] === "-" ? -1 : 1) * (field(10) * 3600 + field(11) * 60);
  return midnight / 1000 + hour * 3600 + minute * 60 + second - offset;
}

/** Timestamps of one log's two streams run backwards by some milliseconds: what is so much earlier is another log's, or another time's. */
export const DISORDER_MS = 1_000;

/** By more than two streams' lines may run backwards. */
export function isLongBefore(one: string, other: string): boolean {
  return Date.parse(one) < Date.parse(other) - DISORDER_MS;
}
