import type { Decoded } from "./file-decoder.ts";

/** A file's content, read from some place on. */
export interface LogContent {
  readonly path: string;
  readonly inode: string;
  /** The place that was read to, in the content's bytes. */
  readonly offset: number;
  /** Nothing is added to it any more: it is compressed. */
  readonly isFinal: boolean;
  /**
   * Reads on and hands over what is there, with what was not consumed before. "end": nothing new is there. "emptied": what was read is
   * no longer in the file. "damaged": it can't be read any further.
   */
  read(decode: (bytes: Buffer) => Decoded): Promise<ContentRead>;
  /** Begins anew, in a file that was emptied; forgets the half entry before damage. */
  restart(): void;
  /** How many bytes behind the place are the beginning of something that is not whole; and whether the file is deleted. */
  look(): Promise<ContentLook>;
  /** The first bytes of all, which tell it from others. */
  head(): Promise<Buffer>;
  close(): Promise<void>;
}

export interface ContentLook {
  readonly heldBytes: number;
  readonly isDeleted: boolean;
}

export type ContentRead = Decoded | "end" | "emptied" | "damaged";

/** So much of a file's beginning tells it from the others of a log: it has the timestamp of the first line. */
export const HEAD_BYTES = 512;
