import type { Entries } from "../wire/entry.ts";
import { textBytes } from "../wire/frame-entries.ts";

/** What a line takes in the file beside its text: its time, stream and tag (conmon, `ctr_logging.c`). */
const OVERHEAD_BYTES = 45;
/** The rate before the first line is taken to be no more than so many times that of the first ones that are there. */
const MARGIN = 4;
/** Where one file is gone, at least this share of what the others take is there. */
const LEAST_SHARE = 0.5;
/** A shorter time tells no rate, */
const LEAST_MS = 50;
/** unless this share of a file was written in it. */
const TELLING_SHARE = 1 / 16;
const LEAST_TELLING_MS = 5;
/** The rate of the first lines is judged over this time. */
const JUDGED_MS = 2_000;
/** A stamp without a fraction stands for a whole second. */
const WHOLE_SECOND_MS = 1_000;

/** A follow shows a line so long after it was written, at most: Podman looks every 250 ms. */
export const UNHEARD_MS = 500;

/** What is known of a log's beginning; times by the clock that stamps it, in epoch milliseconds. */
export type LogBirthState =
  /** Nothing: it may have been written before anybody looked. */
  | { readonly type: "not known" }
  /** Nothing was written until then. */
  | { readonly type: "empty"; readonly until: number }
  /** The first lines have come, and it is judged whether some are missing before them. */
  | {
      readonly type: "begun";
      readonly emptyUntil: number;
      readonly first: string;
      readonly last: string;
      readonly bytes: number;
    }
  | { readonly type: "judged" };

/** Lines that may be missing before the first one. */
export interface LostBeginning {
  readonly after: string;
  readonly before: string;
}

/** How the engine keeps a log that it rotates. */
export interface LogFiles {
  /** At this size it begins a new one. */
  readonly maxBytes: number;
  /** So many are kept. */
  readonly count: number;
}

/**
 * Judges whether the first lines that were read of a log are its first. What the engine's own rotation has thrown away before
 * the first read is gone, and the log does not show that: Podman's `k8s-file` with `max-size` is one file that is begun anew. So it
 * is judged by how fast the log is written: whether a file may have been filled since it was empty, and whether all others are there.
 */
export class LogBirth {
  #state: LogBirthState = { type: "not known" };
  #files: LogFiles | undefined;

  get state(): LogBirthState {
    return this.#state;
  }

  /** Once they were told. */
  get files(): LogFiles | undefined {
    return this.#files;
  }

  /** Nothing was thrown away before its first line was read. */
  isWhole(): void {
    this.#state = { type: "judged" };
  }

  /** It was empty: a read has shown so, or its container was made then. */
  wasEmpty(at: number | undefined): void {
    if (at === undefined) return;
    if (this.#state.type === "not known") this.#state = { type: "empty", until: -Infinity };
    this.stayedEmpty(at);
  }

  /** Nothing was written until then, where it was empty before. */
  stayedEmpty(until: number): void {
    const state = this.#state;
    if (state.type === "empty" && until > state.until) this.#state = { type: "empty", until };
  }

  came(entries: Entries): void {
    const state = this.#state;
    const [first, last] = [entries.at(0)?.timestamp, entries.at(-1)?.timestamp];
    if (state.type === "judged" || first === undefined || last === undefined) return;
    const bytes = textBytes(entries) + OVERHEAD_BYTES * entries.length;
    if (state.type === "not known") this.#state = { type: "judged" };
    else if (state.type === "begun") this.#state = { ...state, last, bytes: state.bytes + bytes };
    else this.#state = { type: "begun", emptyUntil: state.until, first, last, bytes };
  }

  /** `files`: undefined where nothing is thrown away, or that is not known. */
  lost(files: LogFiles | undefined): LostBeginning | undefined {
    const state = this.#state;
    if (state.type !== "begun") return undefined;
    this.#files = files;
    if (files === undefined) {
      this.#state = { type: "judged" };
      return undefined;
    }
    const { emptyUntil, first, last, bytes } = state;
    const stepMs = /\.\d/.test(first) ? 0 : WHOLE_SECOND_MS;
    const [firstAt, lastAt] = [Date.parse(first), Date.parse(last)];
    const beforeMs = Math.max(firstAt + stepMs - emptyUntil, LEAST_MS);
    const leastMs = bytes < TELLING_SHARE * files.maxBytes ? LEAST_MS : LEAST_TELLING_MS;
    const sinceMs = Math.max(lastAt - firstAt + stepMs / 2, leastMs);
    const isFast = MARGIN * bytes * beforeMs >= files.maxBytes * sinceMs;
    const isLost = isFast && bytes >= LEAST_SHARE * (files.count - 1) * files.maxBytes;
    if (isLost || (!isFast && sinceMs > JUDGED_MS)) this.#state = { type: "judged" };
    return isLost ? { after: new Date(emptyUntil).toISOString(), before: first } : undefined;
  }
}
