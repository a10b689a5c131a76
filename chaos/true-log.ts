import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { joinedParts } from "./joined-parts.ts";
import type { LoggedPart } from "./joined-parts.ts";
import { entriesOf } from "./log-entries.ts";
import type { Driver } from "./plan.ts";
import { PartJoiner } from "../test/support/plain-reader.ts";
import type { PlainLine } from "../test/support/plain-reader.ts";
import { monotonicMs } from "./world.ts";
import type { Cut } from "./world.ts";

/**
 * So far from damage Docker 20.10 may leave out records, and tells nothing: it reads on somewhere behind it, and a `tail` counts
 * from the end.
 */
const SPOILED_BYTES = 524_288;

/** A first entry is in it: parts have 16 KiB. */
const HEAD_BYTES = 128 * 1024;

/** Where the engine keeps a container's log, in its data root. */
const places: Readonly<Record<Driver, (id: string) => readonly [folder: string, file: string]>> = {
  "json-file": (id) => [join("containers", id), `${id}-json.log`],
  local: (id) => [join("containers", id, "local-logs"), "container.log"],
  "k8s-file": (id) => [join("overlay-containers", id, "userdata"), "ctr.log"],
};

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
  readonly cuts: readonly Cut[];
}

/** Keeps a container's log for good: each of its files gets a second name before the engine throws it away. */
export class TrueLog {
  readonly #driver: Driver;
  readonly #folder: string;
  readonly #current: string;
  readonly #keepsIn: string;
  readonly #pieces = new Map<number, Piece>();
  /** What was kept of files that were changed by hand, and the files themselves, in their order. */
  readonly #order: Piece[] = [];
  /** By inode and birth: nobody holds a compressed file, so that its inode is used again. */
  readonly #compressed = new Set<string>();
  #made = 0;

  constructor(dataRoot: string, id: string, driver: Driver, keepsIn: string) {
    const [folder, current] = places[driver](id);
    this.#driver = driver;
    this.#folder = join(dataRoot, folder);
    this.#current = current;
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
    const ages = names.flatMap((name) => this.#ageOf(name) ?? []);
    for (const { name, isCompressed } of ages.toSorted((a, b) => b.age - a.age)) {
      try {
        const path = join(this.#folder, name);
        if (isCompressed) this.#keepCompressed(path);
        else this.#keep(path);
      } catch {
        return; // It was renamed or removed just now; the next look finds it.
      }
    }
    // While a file is compressed there are two of it.
    const count = new Set(ages.map(({ age }) => age)).size;
    const known = new Set(this.#pieces.values());
    const files = this.#order.filter((piece) => known.has(piece));
    for (const piece of files.slice(0, files.length - count)) piece.goneAt ??= monotonicMs();
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
    const parts = this.#parts();
    if (this.#driver === "k8s-file") return joinedParts(parts, tty);
    const joiner = new PartJoiner(tty);
    const spoiled = new Set<string>();
    const dropped = new Map<string, number>();
    for (const { stream, timestamp, log, goneAt, isDamaged } of parts) {
      joiner.add(stream, timestamp, Buffer.from(log));
      if (goneAt !== undefined) dropped.set(timestamp, goneAt);
      if (isDamaged) spoiled.add(timestamp);
    }
    return joiner.end().map((line) => {
      const { timestamp } = line;
      const droppedAt = dropped.get(timestamp);
      return Object.assign({ isDamaged: spoiled.has(timestamp), droppedAt, cuts: [] }, line);
    });
  }

  /** In their order. */
  #parts(): LoggedPart[] {
    const holes = this.#order.flatMap(({ file, damaged }) =>
      damaged.map(([first, last]) => ({ file, from: first, to: last })),
    );
    return this.#order.flatMap(({ path, file, from, goneAt }) => {
      if (!existsSync(path)) return [];
      return entriesOf(this.#driver, readFileSync(path), from).map((entry) => {
        const isDamaged = holes.some(
          (hole) =>
            hole.file === file &&
            entry.to > hole.from - SPOILED_BYTES &&
            entry.from < hole.to + SPOILED_BYTES,
        );
        return Object.assign({ path, goneAt, isDamaged }, entry);
      });
    });
  }

  /** Rotated files have numbers; undefined: it is no file of the log. */
  #ageOf(
    name: string,
  ): { readonly name: string; readonly age: number; readonly isCompressed: boolean } | undefined {
    if (!name.startsWith(this.#current)) return undefined;
    const [, number, gz] = /^(?:\.(\d+))?(\.gz)?$/.exec(name.slice(this.#current.length)) ?? [];
    if (number === undefined && name !== this.#current) return undefined;
    return { name, age: Number(number ?? 0), isCompressed: gz !== undefined };
  }

  /** Of a file that was filled and compressed between two looks only this is left. */
  #keepCompressed(path: string): void {
    const { ino, birthtimeNs } = statSync(path, { bigint: true });
    const own = `${ino} ${birthtimeNs}`;
    if (this.#compressed.has(own)) return;
    let content: Buffer;
    try {
      content = gunzipSync(readFileSync(path));
    } catch {
      return; // It is being written.
    }
    this.#compressed.add(own);
    const first = this.#firstOf(content);
    if (first === undefined) return;
    const beginningOf = ({ path: other }: Piece): string | undefined =>
      this.#firstOf(readFileSync(other).subarray(0, HEAD_BYTES));
    const before = this.#order.findLastIndex((piece) => (beginningOf(piece) ?? first) < first);
    const next = this.#order[before + 1];
    const known = next && beginningOf(next);
    if (known === first) return;
    const made = this.#made++;
    const kept = join(this.#keepsIn, String(made));
    writeFileSync(kept, content);
    // No file's inode.
    const file = -1 - made;
    const piece: Piece = { path: kept, file, from: 0, damaged: [], goneAt: undefined };
    this.#pieces.set(file, piece);
    this.#order.splice(before + 1, 0, piece);
  }

  /** The first entry's time. */
  #firstOf(bytes: Buffer): string | undefined {
    return entriesOf(this.#driver, bytes, 0).at(0)?.timestamp;
  }

  #keep(path: string): void {
    const { ino } = statSync(path);
    if (this.#pieces.has(ino)) return;
    const kept = join(this.#keepsIn, String(this.#made++));
    linkSync(path, kept);
    // Between the two it may have become another one's name.
    const keptIno = statSync(kept).ino;
    if (this.#pieces.has(keptIno)) return;
    const piece: Piece = { path: kept, file: keptIno, from: 0, damaged: [], goneAt: undefined };
    this.#pieces.set(keptIno, piece);
    this.#order.push(piece);
  }
}
