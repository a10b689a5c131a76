import type { FileHandle } from "node:fs/promises";
import { LONGEST_ENTRY } from "./file-decoder.ts";
import type { FormatRules } from "./log-format.ts";
import { READ_BYTES } from "./read-buffers.ts";

/** A probe of a file reads so much, and looks at so many entries: one may have an odd timestamp. */
const PROBE_BYTES = 64 * 1024;
const PROBE_ENTRIES = 16;
/** A search ends where so much is left. */
const NEAR_BYTES = 256 * 1024;
/** A look back begins with so much, and so much for each entry: lines are mostly shorter. */
const FEW_BYTES = 4 * 1024;
const USUAL_BYTES = 512;

/** Where the last `wanted` entries before `end` begin; `found`: fewer where the file has no more. `end` is an entry's end. */
export async function lookBack(
  handle: FileHandle,
  end: number,
  wanted: number,
  { back }: FormatRules,
): Promise<{ readonly offset: number; readonly found: number }> {
  let offset = end;
  let found = 0;
  let size = Math.min(READ_BYTES, FEW_BYTES + wanted * USUAL_BYTES);
  while (found < wanted && offset > 0) {
    const from = Math.max(0, offset - size);
    const bytes = await readAt(handle, from, offset - from);
    const some = back(bytes, from === 0, wanted - found);
    if (some.found === 0) {
      // An entry as long as this is none: what can't be read counts for those that are wanted.
      if (from === 0 || size > 2 * LONGEST_ENTRY) return { offset: from, found: wanted };
      size *= 4;
      continue;
    }
    found += some.found;
    offset = from + some.start;
  }
  return { offset, found };
}

/** A whole entry ends there, or the file begins. */
export async function endsEntry(
  handle: FileHandle,
  offset: number,
  rules: FormatRules,
): Promise<boolean> {
  if (offset === 0) return true;
  const before = await lookBack(handle, offset, 1, rules);
  const bytes = await readAt(handle, before.offset, offset - before.offset);
  // The file may be shorter.
  if (bytes.length === 0 || before.offset + bytes.length < offset) return false;
  const { pieces, consumed } = rules.decoder().decode(bytes);
  return consumed === bytes.length && pieces.every(({ type }) => type === "entries");
}

/** The end of the last whole entry. */
export async function lastEnd(handle: FileHandle, rules: FormatRules): Promise<number> {
  const { size } = await handle.stat();
  for (let bytes = PROBE_BYTES; ; bytes *= 8) {
    const from = Math.max(0, size - bytes);
    const { consumed } = rules.decoder().decode(await readAt(handle, from, size - from));
    if (consumed > 0 || from === 0 || bytes > 2 * LONGEST_ENTRY) return from + consumed;
  }
}

/** Where in the file an entry begins before which all are earlier than `timestamp`, as far as a search by halves can tell. */
export async function searchTime(
  handle: FileHandle,
  timestamp: string,
  rules: FormatRules,
): Promise<number> {
  const { size } = await handle.stat();
  let low = 0;
  let high = size;
  while (high - low > NEAR_BYTES) {
    const middle = Math.floor((low + high) / 2);
    const probe = await probeAt(handle, middle, rules);
    if (probe !== undefined && probe.latest < timestamp) low = middle;
    else high = middle;
  }
  return low === 0 ? 0 : ((await probeAt(handle, low, rules))?.offset ?? 0);
}

interface Probe {
  /** Where its first entry begins. */
  readonly offset: number;
  readonly first: string;
  readonly latest: string;
}

/** The first entries that begin behind `offset`, not far. */
export async function probeAt(
  handle: FileHandle,
  offset: number,
  rules: FormatRules,
): Promise<Probe | undefined> {
  for (let size = PROBE_BYTES; size <= 2 * LONGEST_ENTRY; size *= 8) {
    const bytes = await readAt(handle, offset, size);
    const probe = firstEntries(bytes, rules);
    if (probe !== undefined) return { ...probe, offset: offset + probe.offset };
    if (bytes.length < size) return undefined;
  }
  return undefined;
}

function firstEntries(bytes: Buffer, { decoder }: FormatRules): Probe | undefined {
  let offset = 0;
  for (const piece of decoder().decode(bytes).pieces) {
    if (piece.type === "hole") {
      offset = piece.to;
      continue;
    }
    const stamps = Array.from(
      piece.entries.slice(0, PROBE_ENTRIES),
      ({ timestamp }) => timestamp,
    ).toSorted();
    const [first] = stamps;
    const latest = stamps.at(-1);
    if (first !== undefined && latest !== undefined) return { offset, first, latest };
  }
  return undefined;
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}
