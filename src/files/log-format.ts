import type { FileDecoder } from "./file-decoder.ts";
import { JsonFileDecoder } from "./json-file.ts";
import { K8sFileDecoder } from "./k8s-file.ts";
import { LocalFileDecoder } from "./local-file.ts";
import type { LogFormat, LogLocation } from "./log-files.ts";

const NEWLINE = 0x0a;
const LENGTH_BYTES = 4;

/** Where some of the last entries begin. */
interface Backward {
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
  const { tty, attributes = false, wholeSeconds = false, lastPartEnds = true } = location;
  const options = { tty, attributes };
  const all: Readonly<Record<LogFormat, FormatRules>> = {
    "json-file": {
      decoder: () => new JsonFileDecoder(options),
      back: backByLines,
    },
    local: {
      decoder: () => new LocalFileDecoder({ ...options, lastPartEnds }),
      back: backByMessages,
    },
    "k8s-file": {
      decoder: () => new K8sFileDecoder({ ...options, wholeSeconds }),
      back: backByTags,
    },
  };
  return all[location.format];
}

/** An entry a line. */
function backByLines(bytes: Buffer, isFileStart: boolean, wanted: number): Backward {
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

/** An entry from the line behind one with the tag "F" to the next such. */
function backByTags(bytes: Buffer, isFileStart: boolean, wanted: number): Backward {
  let found = 0;
  let start = bytes.length;
  let at = bytes.length;
  while (at > 0) {
    const before = at >= 2 ? bytes.lastIndexOf(NEWLINE, at - 2) : -1;
    if (before === -1 && !isFileStart) break;
    const line = before + 1;
    if (!isPart(bytes, line, at)) {
      // What stands before it are no parts of it.
      if (found === wanted) break;
      found++;
    }
    at = line;
    start = line;
  }
  return { start, found };
}

const TAG = / std(?:out|err) ([PF]) /;
const LONGEST_HEAD = 48;

function isPart(bytes: Buffer, from: number, to: number): boolean {
  const head = bytes.toString("latin1", from, Math.min(to, from + LONGEST_HEAD));
  return TAG.exec(head)?.[1] === "P";
}

/** Each has its length behind it as well. */
function backByMessages(bytes: Buffer, _isFileStart: boolean, wanted: number): Backward {
  let found = 0;
  let start = bytes.length;
  while (found < wanted && start >= 2 * LENGTH_BYTES) {
    const before = start - 2 * LENGTH_BYTES - bytes.readUInt32BE(start - LENGTH_BYTES);
    if (before < 0 || bytes.readUInt32BE(before) !== bytes.readUInt32BE(start - LENGTH_BYTES))
      break;
    start = before;
    found++;
  }
  return { start, found };
}
