import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { PartJoiner } from "../test/support/plain-reader.ts";
import type { PlainLine } from "../test/support/plain-reader.ts";
import { monotonicMs } from "./world.ts";

/** How many records on either side of a damaged one it may spoil. */
const SPOILED_RECORDS = 2;

interface Piece {
  readonly path: string;
  /** From there on; what stood before is in another piece. */
  from: number;
  /** What was damaged of it by hand: bytes from and to. */
  readonly damaged: (readonly [from: number, to: number])[];
  /** When the engine threw it away. */
  goneAt: number | undefined;
}

export interface LoggedLine extends PlainLine {
  readonly isDamaged: boolean;
  readonly droppedAt: number | undefined;
}

/** Keeps a container's json-file log for good: each of its files gets a second name before the engine throws it away. */
export class TrueLog {
  readonly #folder: string;
  readonly #current: string;
  readonly #keepsIn: string;
  readonly #pieces = new Map<number, Piece>();
  /** What was kept of files that were changed by hand, and the files themselves, in their order. */
  readonly #order: Piece[] = [];
  #made = 0;

  constructor(dataRoot: string, id: string, keepsIn: string) {
    this.#folder = join(dataRoot, "containers", id);
    this.#current = `${id}-json.log`;
    this.#keepsIn = join(keepsIn, id.slice(0, 12));
    mkdirSync(this.#keepsIn, { recursive: true });
  }

  get currentPath(): string {
    return join(this.#folder, this.#current);
  }

  /** To be called often: a file that comes and goes between two looks is not known. */
  look(): void {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch {
      return; // Not there yet, or not any more.
    }
    const found = names
      .filter((name) => name.startsWith(this.#current) && !name.endsWith(".gz"))
      .map((name) => ({ name, age: Number(name.slice(this.#current.length + 1) || 0) }))
      .toSorted((a, b) => b.age - a.age);
    const there = new Set<number>();
    for (const { name } of found) {
      try {
        there.add(this.#keep(join(this.#folder, name)));
      } catch {
        return; // It was renamed or removed just now; the next look finds it.
      }
    }
    for (const [ino, piece] of this.#pieces)
      if (!there.has(ino)) piece.goneAt ??= monotonicMs();
  }

  /** Before the current file is changed by hand: what it holds now stays known. */
  beforeChange(): void {
    this.look();
    const { ino, size } = statSync(this.currentPath);
    const piece = this.#pieces.get(ino);
    if (piece === undefined) return;
    const path = join(this.#keepsIn, `copy-${this.#made++}`);
    copyFileSync(piece.path, path);
    const copy: Piece = { path, from: piece.from, damaged: [], goneAt: undefined };
    this.#order.splice(this.#order.indexOf(piece), 0, copy);
    piece.from = size;
  }

  /** The current file was overwritten there. */
  damaged(from: number, to: number): void {
    const { ino } = statSync(this.currentPath);
    const piece = this.#pieces.get(ino);
    const before = piece && this.#order[this.#order.indexOf(piece) - 1];
    before?.damaged.push([from, to]);
  }

  /** The current file was emptied. */
  emptied(): void {
    const { ino } = statSync(this.currentPath);
    const piece = this.#pieces.get(ino);
    if (piece === undefined) return;
    piece.from = 0;
    for (const copy of this.#order.slice(0, this.#order.indexOf(piece)))
      if (copy.path.includes("copy-")) copy.goneAt ??= monotonicMs();
  }

  lines(tty: boolean): LoggedLine[] {
    const joiner = new PartJoiner(tty);
    const spoiled = new Set<string>();
    const dropped = new Map<string, number>();
    for (const { path, from, damaged, goneAt } of this.#order) {
      if (!existsSync(path)) continue;
      let at = from;
      const bytes = readFileSync(path);
      const records: string[] = [];
      const broken: number[] = [];
      while (at < bytes.length) {
        const newline = bytes.indexOf(0x0a, at);
        const end = newline === -1 ? bytes.length : newline + 1;
        const entry = entryOf(bytes.toString("utf8", at, end));
        if (damaged.some(([first, last]) => end > first && at < last)) broken.push(records.length);
        if (entry !== undefined) {
          joiner.add(entry.stream, entry.timestamp, Buffer.from(entry.log));
          if (goneAt !== undefined) dropped.set(entry.timestamp, goneAt);
        }
        records.push(entry?.timestamp ?? "");
        at = end;
      }
      for (const place of broken)
        for (const timestamp of records.slice(
          Math.max(0, place - SPOILED_RECORDS),
          place + SPOILED_RECORDS + 1,
        ))
          spoiled.add(timestamp);
    }
    return joiner.end().map((line) => {
      const { timestamp } = line;
      const droppedAt = dropped.get(timestamp);
      return Object.assign({ isDamaged: spoiled.has(timestamp), droppedAt }, line);
    });
  }

  #keep(path: string): number {
    const { ino } = statSync(path);
    if (this.#pieces.has(ino)) return ino;
    const kept = join(this.#keepsIn, String(this.#made++));
    linkSync(path, kept);
    // Between the two it may have become another one's name.
    const piece: Piece = { path: kept, from: 0, damaged: [], goneAt: undefined };
    const keptIno = statSync(kept).ino;
    if (this.#pieces.has(keptIno)) return keptIno;
    this.#pieces.set(keptIno, piece);
    this.#order.push(piece);
    return keptIno;
  }
}

interface Entry {
  readonly log: string;
  readonly stream: "stdout" | "stderr";
  readonly timestamp: string;
}

/** Undefined: half a record, or one that is damaged. */
function entryOf(text: string): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { log = "", stream, time }: { log?: unknown; stream?: unknown; time?: unknown } = value;
  if (typeof log !== "string" || typeof time !== "string") return undefined;
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const [whole = "", fraction = ""] = time.replace(/Z$/, "").split(".");
  return { log, stream, timestamp: `${whole}.${fraction.padEnd(9, "0")}Z` };
}
