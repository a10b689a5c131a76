import type { EngineClient } from "../../engine/engine-client.ts";
import { onAbort } from "../../lifetime/abort.ts";
import type { HeldStream, Turn, TurnHolder, Turns } from "../../source/host.ts";

/**
 * A log stream that is asked for while its container is being started, before the container can be looked at.
 *
 * Docker locks a container while it starts it. What is asked for meanwhile is answered once it runs, in that order; what is
 * asked for once it has started may come behind its exit, and with `--rm` its log is gone then. (Measured on 20.10: of 60
 * containers that print a line 52 are caught by asking at their start, 60 by asking before.)
 */
export class HeadStart {
  readonly #closing = new AbortController();
  readonly #stream: Promise<HeldStream | undefined>;
  #holder: TurnHolder | undefined;
  #isTaken = false;

  constructor(client: EngineClient, turns: Turns, container: string, signal: AbortSignal) {
    const unlink = onAbort(signal, () => this.cancel());
    this.#stream = this.#open(client, turns, container).finally(unlink);
  }

  /** The stream and its turn, which are the caller's from now on; undefined where it could not be opened. */
  take(holder: TurnHolder): Promise<HeldStream | undefined> {
    this.#isTaken = true;
    this.#holder = holder;
    return this.#stream;
  }

  /** Nobody wants it. */
  cancel(): void {
    this.#closing.abort();
    if (this.#isTaken) return;
    this.#isTaken = true;
    void this.#stream.then(async (held) => {
      await held?.body.drop();
      held?.turn.release();
    });
  }

  async #open(
    client: EngineClient,
    turns: Turns,
    container: string,
  ): Promise<HeldStream | undefined> {
    const holder: TurnHolder = {
      stream: () => this.#holder?.stream(),
      yield: () => this.#holder?.yield(),
    };
    const { signal } = this.#closing;
    let turn: Turn | undefined;
    try {
      turn = await turns.take({ holder, interest: "started", queued: () => {} }, signal);
      const body = await client.openLogs(container, signal);
      return { turn, body };
    } catch {
      // The source asks in its own time, and says what is wrong.
      turn?.release();
      return undefined;
    }
  }
}
