import type { Entries, Entry } from "../wire/entry.ts";

/** Some of a log file, in its order. */
export type FilePiece =
  | {
      readonly type: "entries";
      readonly entries: Entries;
      /** For each entry where it ends, in bytes from the beginning of what was decoded. */
      readonly ends: ArrayLike<number>;
    }
  /** Bytes that are no entry. */
  | { readonly type: "hole"; readonly from: number; readonly to: number };

export interface Decoded {
  readonly pieces: readonly FilePiece[];
  /** How many bytes it has taken: what follows is the beginning of something that is not whole yet. */
  readonly consumed: number;
}

/** Turns the bytes of a log file into the entries that the Engine API shows for it. */
export interface FileDecoder {
  /**
   * `bytes` go on where the last call has stopped to take. Their memory is not kept. `isStill`: nothing was added for long, so that
   * what is not whole may be damage with sound entries behind it.
   */
  decode(bytes: Buffer, isStill?: boolean): Decoded;
  /** The file goes on elsewhere: what is open in it is another line's. */
  restart(): void;
  /** The beginning of a line has come that is in no entry yet, though its bytes are taken. */
  readonly isHolding: boolean;
  /** At the log's certain end: the lines that are open, as they are. */
  remains(): Entry[];
}

/** No entry of an engine's is longer than this: text of 16 KiB, each byte escaped by six, with its attributes. */
export const LONGEST_ENTRY: number = 1024 * 1024;
