import type { EngineClient, EventHandlers } from "../../engine/engine-client.ts";
import { DockspoolError } from "../../errors.ts";
import { Pause } from "../../lifetime/pause.ts";

export type EventStreamState =
  /** Its answer has not begun. */
  | { readonly kind: "asked" }
  | { readonly kind: "open" }
  /** The engine, or a proxy before it, does not give events. */
  | { readonly kind: "refused"; readonly error: unknown }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly error: unknown };

/** One stream of an engine's events, from the question to its end. */
export class EventStream {
  /** Resolves when nothing of it is left. */
  readonly closed: Promise<void>;
  readonly #signal: AbortSignal;
  readonly #pause = new Pause();
  #state: EventStreamState = { kind: "asked" };

  constructor(client: EngineClient, { opened, event }: EventHandlers, signal: AbortSignal) {
    this.#signal = signal;
    const begun = (): void => {
      this.#become({ kind: "open" });
      opened();
    };
    let hasTold = false;
    const told: EventHandlers["event"] = (each) => {
      hasTold = true;
      event(each);
    };
    // Whether the answer begins with the first event only is not known before: nothing but looks tells that it is late.
    const options = { patient: true };
    this.closed = client
      .readEvents(undefined, { opened: begun, event: told }, signal, options)
      .then(
        () => this.#become({ kind: "ended" }),
        (error: unknown) => {
          // What answers 200 and then tells something else tells no events either.
          const isRefused = !hasTold && DockspoolError.is(error, "ENGINE_RESPONSE");
          this.#become({ kind: isRefused ? "refused" : "failed", error });
        },
      );
  }

  get state(): EventStreamState {
    return this.#state;
  }

  /** Resolves when its state changes, or after `ms`; at once where it is over. @throws the signal's reason */
  async wait(ms: number): Promise<void> {
    const { kind } = this.#state;
    if (kind !== "ended" && kind !== "failed") await this.#pause.sleep(ms, this.#signal);
  }

  #become(state: EventStreamState): void {
    this.#state = state;
    this.#pause.wake();
  }
}
