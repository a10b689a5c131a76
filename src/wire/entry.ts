import type { Attributes } from "./attributes.ts";

/** "tty": the container has a terminal, so the engine has already merged both streams. */
export type LogStream = "stdout" | "stderr" | "tty";

/** One entry of the engine's log: a line, or one of the parts that the engine cuts a long line into. */
export interface Entry {
  readonly stream: LogStream;
  /** In UTC, with every digit the engine sent. */
  readonly timestamp: string;
  /** Without the newline. */
  readonly text: Buffer;
  /** False where no newline followed: the line may go on in a later entry of the same stream. */
  readonly ended: boolean;
  /** What the engine has put before the text, where that was asked for. */
  readonly attributes?: Attributes | undefined;
  /** It goes on with the frame of the entry before. */
  readonly isRest?: boolean;
  /** Where the engine stamps each part anew: the parts that were joined to it, but for the first. */
  readonly parts?: readonly JoinedPart[] | undefined;
  /**
   * A run has left it without an end, and in a later read what the next run has written is joined to it: so many entries of the log
   * came since it began, itself included.
   */
  readonly leftSince?: number | undefined;
}

/** Begins at this byte of an entry's text. */
export interface JoinedPart {
  readonly at: number;
  readonly timestamp: string;
}

/** Entries in the log's order; an array of them is one. */
export interface Entries extends Iterable<Entry> {
  readonly length: number;
  /** Counts from the end where `index` is negative. */
  at(index: number): Entry | undefined;
  slice(from: number, to?: number): Entries;
}

/** Why a stream can't be read any further. */
export type Fault =
  | { readonly kind: "engine-error"; readonly message: string } // an in-band error message
  | { readonly kind: "protocol"; readonly message: string }; // bytes that are no Docker log stream

/** Turns the bytes of one response, in any chunking, into entries. */
export interface Decoder {
  /**
   * The entries that these bytes complete. The stream's bytes are those within `spans`, pairs of from and to; default: all. Their
   * memory is not kept. Once `fault` is set nothing more comes.
   */
  push(bytes: Buffer, spans?: readonly number[]): Entries;
  /** What is left at the certain end of the log: a last line without its end. It may go on where its container `runs`. */
  end(runs: boolean): Entry[];
  readonly fault: Fault | undefined;
  /** The beginning of a line has come that is in no entry yet. */
  readonly isHolding: boolean;
  /** What has come ends in the middle of a frame: where nothing follows, that is no log's end. */
  readonly isCutOff: boolean;
}
