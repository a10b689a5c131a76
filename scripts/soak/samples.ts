import type { Kind } from "./kinds.ts";

/** What a run leaves behind, one JSON text a line: what it is, what was seen every now and then, and how it ended. */
export type Entry = Begin | Sample | Note | End;

export interface Begin {
  readonly type: "begin";
  /** ISO 8601. */
  readonly at: string;
  readonly options: SoakOptions;
  readonly versions: Versions;
  readonly kinds: Readonly<Record<Kind, number>>;
}

export interface SoakOptions {
  readonly containers: number;
  /** At least so long. Undefined: until the rotations are done. */
  readonly minutes: number | undefined;
  /** At least so many, by `rotate()` of all containers, spread over the minutes. Undefined: the pool rotates by itself. */
  readonly rotations: number | undefined;
  readonly sampleEveryMs: number;
  /** How many times as fast as normally the containers write. */
  readonly pace: number;
  /** One of the restarting containers each time. */
  readonly restartEveryMs: number;
}

export interface Versions {
  readonly engine: string;
  readonly node: string;
  readonly kernel: string;
  readonly cores: number;
}

export interface Sample extends Counted {
  readonly type: "sample";
  readonly at: string;
  /** Since the pool was made. */
  readonly minutes: number;
}

/** All that is counted at one time. */
export interface Counted {
  // What a leak makes grow.
  readonly tasks: number;
  readonly sockets: number;
  readonly descriptors: number;
  readonly listeners: number;
  readonly timers: number;
  /** Whatever else keeps the process alive. */
  readonly handles: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly engineGoroutines: number;
  readonly engineDescriptors: number;
  readonly engineRssBytes: number;
  // So far.
  readonly rotations: number;
  readonly reconnects: number;
  readonly gaps: number;
  readonly restarts: number;
  /** Whole lines in the engine's logs. */
  readonly linesIn: number;
  readonly linesOut: number;
  readonly cpuSeconds: number;
  readonly engineCpuSeconds: number;
  // Now.
  /** Containers of which lines that the engine has had for half a minute and more have not come. */
  readonly late: readonly string[];
  readonly bufferedBytes: number;
  /** Of the machine, in the last minute. */
  readonly load: number;
}

/** Something that should not happen. */
export interface Note {
  readonly type: "note";
  readonly at: string;
  readonly container: string;
  readonly what: string;
}

export interface End {
  readonly type: "end";
  readonly at: string;
  readonly minutes: number;
  /** Ended from outside before its time. */
  readonly isEarly: boolean;
  readonly rotations: number;
  readonly failedRotations: number;
  readonly restarts: number;
  readonly kinds: readonly KindResult[];
  readonly firstDifference: string | undefined;
  /** What is more when all is closed and removed than it was before, for example "descriptors 31 -> 331". */
  readonly left: readonly string[];
}

/** Against the engine's own log files, line by line. */
export interface KindResult {
  readonly kind: Kind;
  readonly containers: number;
  readonly written: number;
  readonly received: number;
  readonly lost: number;
  readonly repeated: number;
  readonly foreign: number;
  readonly reordered: number;
}

/** A run as it was recorded; without an end where it is not over. */
export interface Recording {
  readonly begin: Begin;
  readonly samples: readonly Sample[];
  readonly notes: readonly Note[];
  readonly end: End | undefined;
}

/** From what a run has written so far; a line that is not whole is left out. */
export function recordingOf(text: string): Recording {
  const entries = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Entry => JSON.parse(line));
  const begin = entries.find((entry) => entry.type === "begin");
  if (begin === undefined) throw new Error("A recording begins with what was run.");
  return {
    begin,
    samples: entries.filter((entry) => entry.type === "sample"),
    notes: entries.filter((entry) => entry.type === "note"),
    end: entries.find((entry) => entry.type === "end"),
  };
}
