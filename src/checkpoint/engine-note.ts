import { unreadableEntry } from "./failures.ts";
import type { Checkpoint } from "./store.ts";

/** What a pool saves of an engine. */
export interface EngineNote {
  /** When the pool last knew all that had happened: epoch milliseconds by the engine's clock. */
  readonly seenAt: number;
  /** The beginnings of the ids of the containers that were dealt with; undefined where the pool looked for none. */
  readonly known: ReadonlySet<string> | undefined;
  /** By earlier releases: full ids of containers that were dealt with, of those created shortly before. */
  readonly unfollowed: ReadonlySet<string>;
}

/** So many hex digits of an id, as `docker ps` shows them, tell it from all others of an engine. */
const SHORT_ID = 12;
/** A container may be shown, or told of, so long after the time that it is said to be created at. */
const LATE_MS = 60_000;

/** `known`: ids. */
export function toNote(seenAt: number, known: Iterable<string> | undefined): Checkpoint {
  const ids = known === undefined ? undefined : Array.from(known, shortId);
  const time = new Date(seenAt).toISOString();
  return { version: 1, seenAt: time, ...(ids === undefined ? { unfollowed: [] } : { known: ids }) };
}

/** @throws DockspoolError CHECKPOINT_UNREADABLE */
export function parseNote(key: string, note: Checkpoint): EngineNote {
  const { version, seenAt, known, unfollowed = [] } = note;
  const time = typeof seenAt === "string" ? Date.parse(seenAt) : NaN;
  const isSound =
    version === 1 &&
    !Number.isNaN(time) &&
    isTexts(unfollowed) &&
    (known === undefined || isTexts(known));
  if (!isSound || (known === undefined && note["unfollowed"] === undefined))
    throw unreadableEntry(key);
  return {
    seenAt: time,
    known: known === undefined ? undefined : new Set(known.map(shortId)),
    unfollowed: new Set(unfollowed),
  };
}

/**
 * Whether a container was created since the note. The clock of a machine may stand back after a boot, or be stepped, so the
 * containers that were known decide. Only a note without them goes by time, as long as it does not lie ahead of the engine's clock.
 *
 * @param createdAt epoch milliseconds by the engine's clock, as is `now`
 */
export function isCreatedSince(
  { seenAt, known, unfollowed }: EngineNote,
  id: string,
  createdAt: number,
  now: number,
): boolean {
  if (known !== undefined) return !known.has(shortId(id));
  if (unfollowed.has(id)) return false;
  return createdAt > seenAt - LATE_MS || seenAt > now + LATE_MS;
}

function shortId(id: string): string {
  return id.slice(0, SHORT_ID);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
