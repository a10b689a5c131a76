import type { DockspoolError } from "../errors.ts";
import type { Rotation } from "./status.ts";

/** A rotation that was asked for, from the closing of the old stream to the opening of the next. */
export class RotationRequest {
  readonly promise: Promise<Rotation>;
  #resolve: (rotation: Rotation) => void = () => {};
  #reject: (error: DockspoolError) => void = () => {};
  #awaited: readonly string[] = [];
  #closedInMs = 0;
  #closedAt: number = performance.now();
  #failed = false;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever asked holds the same promise; a periodic rotation is reported by its status.
    this.promise.catch(() => {});
  }

  /** Tasks outlived the deadline: whoever asked knows, though the stream will reopen. */
  get failed(): boolean {
    return this.#failed;
  }

  closed(awaited: readonly string[], closedInMs: number): void {
    this.#awaited = awaited;
    this.#closedInMs = closedInMs;
    this.#closedAt = performance.now();
  }

  fail(error: DockspoolError): void {
    this.#failed = true;
    this.#reject(error);
  }

  finish(container: string, generation: number, reopened: boolean): Rotation {
    const rotation: Rotation = {
      container,
      generation,
      awaited: this.#awaited,
      closedInMs: this.#closedInMs,
      reopenedInMs: reopened ? performance.now() - this.#closedAt : 0,
      reopened,
    };
    this.#resolve(rotation);
    return rotation;
  }
}
