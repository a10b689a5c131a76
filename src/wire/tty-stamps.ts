import type { AttributePrefix, Attributes } from "./attributes.ts";
import { LONGEST_LENGTH, compareTimestamps, isNanosecondUtc, toUtc } from "./timestamps.ts";

/** A timestamp with its space. */
export const MAX_STAMP_BYTES: number = LONGEST_LENGTH + 1;
/** Beyond any that a log option could note. */
const LONGEST_ATTRIBUTES = 64 * 1024;
const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) /g;

/** What the engine puts before a terminal's line, or a part of it. */
export interface Stamp {
  readonly timestamp: string;
  readonly sent: string;
  readonly attributes: Attributes | undefined;
}

/** `prefix`: attributes with a space stand behind it. */
export function stampAt(
  bytes: Buffer,
  at: number,
  prefix: AttributePrefix | undefined,
): Stamp | "incomplete" | "none" {
  const space = bytes.subarray(at, at + MAX_STAMP_BYTES).indexOf(0x20);
  const head = bytes.toString("latin1", at, space === -1 ? at + MAX_STAMP_BYTES : at + space);
  if (space !== -1) {
    const timestamp = isNanosecondUtc(head) ? head : toUtc(head);
    if (timestamp === undefined) return "none";
    const stamp = { timestamp, sent: `${head} `, attributes: undefined };
    return prefix === undefined ? stamp : withAttributes(stamp, bytes, at, prefix);
  }
  const isShort = bytes.length - at < MAX_STAMP_BYTES;
  return isShort && (/^[\d:.TZ+-]*$/.test(head) || head === "\r") ? "incomplete" : "none";
}

function withAttributes(
  { timestamp, sent }: Stamp,
  bytes: Buffer,
  at: number,
  prefix: AttributePrefix,
): Stamp | "incomplete" {
  const start = at + sent.length;
  const head = bytes.subarray(start, start + LONGEST_ATTRIBUTES);
  const space = head.indexOf(0x20);
  const text = head.toString("latin1", 0, space === -1 ? head.length : space);
  if (space === -1 && head.length < LONGEST_ATTRIBUTES && !/[^\w.~%+=,-]/.test(text))
    return "incomplete";
  const attributes = space === -1 ? undefined : prefix.parse(text);
  // What has another form is the line's text.
  if (attributes === undefined) return { timestamp, sent, attributes };
  return { timestamp, sent: `${sent}${text} `, attributes };
}

/** What may be timestamps of later lines within this one: of the same form, and not earlier. */
export function stampsIn(
  bytes: Buffer,
  {
    timestamp: own,
    sent,
    textStart,
  }: Pick<Stamp, "timestamp" | "sent"> & { readonly textStart: number },
  limit: number,
): { readonly timestamp: string; readonly at: number }[] {
  const text = bytes.toString("latin1", textStart, limit);
  const stampLength = sent.indexOf(" ") + 1;
  const attributes = sent.slice(stampLength);
  return Array.from(text.matchAll(STAMP)).flatMap(({ 0: found, index }) => {
    const isStamp =
      found.length === stampLength && text.startsWith(attributes, index + stampLength);
    const timestamp = isStamp ? toUtc(found.slice(0, -1)) : undefined;
    if (timestamp === undefined || compareTimestamps(timestamp, own) <= 0) return [];
    return [{ timestamp, at: textStart + index }];
  });
}
