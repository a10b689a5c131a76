import { Counts } from "./counts.ts";
import type { ContainerFigures } from "./figures.ts";
import type { Observer } from "./instruments.ts";

/** A sink took a batch, its `deadLetter` did, or the sink has given up. */
export type BatchOutcome = "delivered" | "dead_letter" | "failed";
export type SaveOutcome = "saved" | "failed";

/** Why a stream fails, mostly; another reason is there once it has occurred. */
const REASONS = [
  "ENGINE_UNREACHABLE",
  "ENGINE_RESPONSE",
  "PROTOCOL",
  "LOGS_UNREADABLE",
  "FILES_UNREADABLE",
  "TASKS_STILL_RUNNING",
];
/** What is told of other things, the command of an `exec` among it, is one action. */
const ACTIONS = [
  "create",
  "starting",
  "start",
  "die",
  "stop",
  "kill",
  "oom",
  "pause",
  "unpause",
  "rename",
  "restart",
  "destroy",
  "other",
];
/** Podman's words. */
const OTHER_WORDS: Readonly<Record<string, string>> = { died: "die", remove: "destroy" };

/** What a pool counts of what happens, and who hears of what is measured one by one. Nothing here is done for a line. */
export class Tally {
  readonly errors: Counts<"engine" | "reason"> = new Counts();
  readonly cutShort: Counts<"engine"> = new Counts();
  readonly events: Counts<"engine" | "action"> = new Counts();
  readonly batches: Counts<"sink" | "outcome"> = new Counts();
  readonly retries: Counts<"sink"> = new Counts();
  readonly saves: Counts<"outcome"> = new Counts();
  readonly #observers = new Set<Observer>();

  /** All that may happen is there from the start. */
  constructor(engines: Iterable<string>) {
    for (const engine of engines) {
      this.cutShort.add({ engine }, 0);
      for (const reason of REASONS) this.errors.add({ engine, reason }, 0);
      for (const action of ACTIONS) this.events.add({ engine, action }, 0);
    }
    for (const outcome of ["saved", "failed"]) this.saves.add({ outcome }, 0);
  }

  /** Positions, to the store. */
  readonly wrote = (outcome: SaveOutcome): void => this.saves.add({ outcome });

  sinkJoined(sink: string): void {
    for (const outcome of ["delivered", "dead_letter", "failed"])
      this.batches.add({ sink, outcome }, 0);
    this.retries.add({ sink }, 0);
    for (const { sinkJoined } of this.#observers) sinkJoined?.(sink);
  }

  event(engine: string, action: string): void {
    const word = OTHER_WORDS[action] ?? action;
    this.events.add({ engine, action: ACTIONS.includes(word) ? word : "other" });
  }

  rotated(engine: string, ms: number): void {
    for (const { rotated } of this.#observers) rotated?.(engine, ms / 1000);
  }

  /** `ms`: from its first attempt on. */
  delivered(sink: string, outcome: BatchOutcome, ms: number): void {
    this.batches.add({ sink, outcome });
    for (const { delivered } of this.#observers) delivered?.(sink, ms / 1000);
  }

  /** A container is not followed any more; its last figures. */
  left(figures: () => ContainerFigures): void {
    if (this.#observers.size === 0) return;
    const last = figures();
    for (const { left } of this.#observers) left?.(last);
  }

  /** Returns what ends that. */
  observe(observer: Observer): () => void {
    const own = { ...observer };
    this.#observers.add(own);
    return () => void this.#observers.delete(own);
  }
}
