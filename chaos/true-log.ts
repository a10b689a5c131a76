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

/**
 * So far from damage Docker 20.10 may leave out records, and tells nothing: it reads on somewhere behind it, and a `tail` counts
 * from the end.
 */
const SPOILED_BYTES = 524_288;

interface Piece {
  readonly path: string;
  /** Of which file it is, or is a copy. */
  readonly file: number;
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
    for (const [ino, piece] of this.#pieces) if (!there.has(ino)) piece.goneAt ??= monotonicMs();
  }

  /** Before the current file is changed by hand: what it holds now stays known. */
  beforeChange(): void {
    this.look();
    const { ino, size } = statSync(this.currentPath);
    const piece = this.#pieces.get(ino);
    if (piece === undefined) return;
    const path = join(this.#keepsIn, `copy-${this.#made++}`);
    copyFileSync(piece.path, path);
    const copy: Piece = { path, file: ino, from: piece.from, damaged: [], goneAt: undefined };
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
    const holes = this.#order.flatMap(({ file, damaged }) =>
      damaged.map(([first, last]) => ({ file, from: first, to: last })),
    );
    for (const { path, file, from, goneAt } of this.#order) {
      if (!existsSync(path)) continue;
      let at = from;
      const bytes = readFileSync(path);
      while (at < bytes.length) {
        const newline = bytes.indexOf(0x0a, at);
        const end = newline === -1 ? bytes.length : newline + 1;
        const entry = entryOf(bytes.toString("utf8", at, end));
        if (entry !== undefined) {
          const { timestamp } = entry;
          joiner.add(entry.stream, timestamp, Buffer.from(entry.log));
          if (goneAt !== undefined) dropped.set(timestamp, goneAt);
          const isNear = holes.some(
            (hole) =>
              hole.file === file && end > hole.from - SPOILED_BYTES && at < hole.to + SPOILED_BYTES,
          );
          if (isNear) spoiled.add(timestamp);
        }
        at = end;
      }
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
    const keptIno = statSync(kept).ino;
    if (this.#pieces.has(keptIno)) return keptIno;
    const piece: Piece = { path: kept, file: keptIno, from: 0, damaged: [], goneAt: undefined };
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
