import type { LogEntry } from "./log-entry.ts";

/** A line is being written for so long. */
const WRITING_MS = 60;
/** A follow looks whether its container has exited so often. */
export const POLL_MS = 250;

/** How Podman reads a log of its driver `k8s-file`. */
export class K8sFileRead {
  readonly #hasTail: boolean;
  readonly #follows: boolean;
  #isOpening = true;

  /** `opened`: the log is open behind its tail, and what comes now is shown. */
  constructor(
    { hasTail, follows }: { readonly hasTail: boolean; readonly follows: boolean },
    opened: () => void,
  ) {
    this.#hasTail = hasTail;
    this.#follows = follows;
    setImmediate(() => {
      this.#isOpening = false;
      // What is written in between is shown by a plain read as well.
      if (follows) opened();
      else setImmediate(opened);
    });
  }

  /** What is written now stands in the hole behind the tail. */
  get isInHole(): boolean {
    return this.#hasTail && this.#isOpening;
  }

  /** `entry` as it is shown: half-written as if it had ended, where it is the last one, or new in a follow. */
  show(entry: LogEntry, isLast: boolean, isNew: boolean): LogEntry {
    const { ended, text, writtenAt } = entry;
    const isWritten = !isLast || performance.now() - writtenAt > WRITING_MS;
    if ((isWritten && !(isNew && this.#follows)) || !ended || text.length < 2) return entry;
    const half = Math.ceil(text.length / 2);
    return {
      ...entry,
      text: typeof text === "string" ? text.slice(0, half) : text.subarray(0, half),
    };
  }
}
