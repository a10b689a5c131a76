import type { FileDecoder } from "./file-decoder.ts";
import { JsonFileDecoder } from "./json-file.ts";
import type { LogLocation } from "./log-files.ts";

const NEWLINE = 0x0a;

/** Where some of the last entries begin. */
export interface Backward {
  /** In the bytes that were looked at. */
  readonly start: number;
  readonly found: number;
}

/** What differs from one log driver to the next. */
export interface FormatRules {
  readonly decoder: () => FileDecoder;
  /** Looks back from the end of `bytes`, which is an entry's, for the last `wanted` ones; for fewer where they are not there. */
  readonly back: (bytes: Buffer, isFileStart: boolean, wanted: number) => Backward;
}

export function rulesOf(location: LogLocation): FormatRules {
  const options = { tty: location.tty, attributes: location.attributes ?? false };
  switch (location.format) {
    case "json-file":
      return { decoder: () => new JsonFileDecoder(options), back: backByLines };
    default:
      throw new Error("later");
  }
}

/** An entry a line. */
export function backByLines(bytes: Buffer, isFileStart: boolean, wanted: number): Backward {
  let found = 0;
  let start = bytes.length;
  while (found < wanted && start > 0) {
    const before = start >= 2 ? bytes.lastIndexOf(NEWLINE, start - 2) : -1;
    if (before === -1 && !isFileStart) break;
    start = before + 1;
    found++;
  }
  return { start, found };
}
