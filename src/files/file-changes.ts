import type { FSWatcher } from "node:fs";
import { Pause } from "../lifetime/pause.ts";
import { watchFolder } from "./folder-watch.ts";

/** Between two looks at a quiet file that is watched: at first, and up to which it doubles. */
const FIRST_LOOK_MS = 500;
const LONGEST_LOOK_MS = 10_000;
/** Where it can't be watched. */
const BLIND_LOOK_MS = 250;
/** Between two reads of a file that is written all the time: events for each write would cost more than the reads. */
const BUSY_LOOK_MS = 5;
/** So many events, none of them this long after the one before, are no single lines: looks as often cost no more. */
const BUSY_EVENTS = 8;
const BUSY_GAP_MS = BUSY_LOOK_MS;
/** So many looks more that bring nothing than such that bring something end that. */
const IDLE_LOOKS = 20;

/** How the folder's changes are noticed. */
type State =
  | {
      readonly type: "watched";
      readonly watcher: FSWatcher;
      readonly folder: string;
      lookMs: number;
      events: number;
    }
  /** It is looked at so often that nobody needs to tell. */
  | { readonly type: "busy"; idle: number }
  /** There is no watch: too many of them, or a file system without. */
  | { readonly type: "blind" }
  | { readonly type: "closed" };

/**
 * Tells when to look at a container's log files again: by events of the folder, and at a bounded interval, since events can be lost
 * (network file systems, a queue that overflows).
 */
export class FileChanges {
  readonly #folder: string;
  readonly #parent: string;
  readonly #pause = new Pause();
  #state: State = { type: "blind" };
  /** Something has changed since the last wait began. */
  #isDue = false;
  #changedAt = -Infinity;

  /** `parent`: a folder around it, watched until `folder` is there. */
  constructor(folder: string, parent: string) {
    this.#folder = folder;
    this.#parent = parent;
    this.#watch();
  }

  /** Look now. */
  wake(): void {
    this.#isDue = true;
    this.#pause.wake();
  }

  /**
   * Resolves when it is time to look: true where something has changed, or is likely to. `hasBrought`: whether the look before has
   * brought anything.
   *
   * @throws the signal's reason
   */
  async wait(hasBrought: boolean, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const state = this.#state;
    if (state.type === "busy") {
      state.idle = Math.max(0, state.idle + (hasBrought ? -1 : 1));
      if (state.idle > IDLE_LOOKS) {
        // What changed just before the watch began is seen by the look that follows at once.
        this.#watch();
        return true;
      }
    } else if (state.type === "watched" && hasBrought) {
      state.lookMs = FIRST_LOOK_MS;
    }
    // Likewise.
    if (this.#isElsewhere && this.#watch()) return true;
    if (!this.#isDue) await this.#pause.sleep(this.#lookMs(), signal);
    const isLikely = this.#isDue || this.#state.type === "busy";
    this.#isDue = false;
    return isLikely;
  }

  close(): void {
    this.#unwatch();
    this.#state = { type: "closed" };
    this.#pause.wake();
  }

  #lookMs(): number {
    const state = this.#state;
    if (state.type === "busy") return BUSY_LOOK_MS;
    if (state.type !== "watched") return BLIND_LOOK_MS;
    const ms = state.lookMs;
    state.lookMs = Math.min(2 * ms, LONGEST_LOOK_MS);
    return ms;
  }

  #changed(): void {
    const state = this.#state;
    if (state.type === "watched") {
      const now = performance.now();
      state.events = now - this.#changedAt < BUSY_GAP_MS ? state.events + 1 : 0;
      this.#changedAt = now;
      if (state.events >= BUSY_EVENTS) {
        this.#unwatch();
        this.#state = { type: "busy", idle: 0 };
      }
    }
    this.wake();
  }

  /** The folder itself is not watched, and should be. */
  get #isElsewhere(): boolean {
    const state = this.#state;
    return state.type === "blind" || (state.type === "watched" && state.folder !== this.#folder);
  }

  /** True where the folder itself is watched now. */
  #watch(): boolean {
    if (this.#watchThis(this.#folder)) return true;
    if (this.#state.type !== "watched" && !this.#watchThis(this.#parent))
      this.#state = { type: "blind" };
    return false;
  }

  #watchThis(folder: string): boolean {
    try {
      const watcher = watchFolder(folder, () => this.#changed());
      // It may break, and the folder may go away: then the looks alone tell.
      watcher.on("error", () => {
        if (this.#state.type === "watched" && this.#state.watcher === watcher) this.#unwatch();
      });
      this.#unwatch();
      this.#state = { type: "watched", watcher, folder, lookMs: FIRST_LOOK_MS, events: 0 };
      return true;
    } catch {
      return false;
    }
  }

  #unwatch(): void {
    if (this.#state.type !== "watched") return;
    this.#state.watcher.close();
    this.#state = { type: "blind" };
  }
}
