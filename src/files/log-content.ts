import type { BigIntStats } from "node:fs";
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
  /**
   * As `read`, of what was just written to a file on a local disk, if anything: it is in memory, and a thread to wait for it would take
   * most of the time. Undefined, and nothing has changed, where a read may have to wait, or can't take what is there.
   */
  readNow(decode: (bytes: Buffer) => Decoded): Promise<JustWritten | undefined>;
  /** Begins anew, in a file that was emptied; forgets the half entry before damage. */
  restart(): void;
  /** How many bytes behind the place are the beginning of something that is not whole; and when the file was deleted. */
  look(): Promise<ContentLook>;
  /** The first bytes of all: so many, or as many as there are. */
  head(bytes: number): Promise<Buffer>;
  close(): Promise<void>;
}

export interface ContentLook {
  readonly heldBytes: number;
  /** In nanoseconds of the file system's clock; undefined where it is there. */
  readonly deletedAt: bigint | undefined;
  /** When the file was made, by the same clock; 0 where the file system does not tell. */
  readonly born: bigint;
}

export interface JustWritten extends Decoded {
  /** It is all that there was. */
  readonly isAll: boolean;
}

export type ContentRead = Decoded | "end" | "emptied" | "damaged";

/** An open file's last change is its deletion where that is done. */
export function deletedAt({ nlink, ctimeNs }: BigIntStats): bigint | undefined {
  return nlink === 0n ? ctimeNs : undefined;
}
