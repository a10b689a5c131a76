import type { Body, Given } from "./response-body.ts";
import { soon } from "./closing.ts";
import type { DirectConnection } from "./direct-connection.ts";
import type { Framing } from "./framing.ts";

/** Past Node's HTTP client, which has read the head. */
export class DirectBody implements Body {
  readonly #connection: DirectConnection;
  readonly #framing: Framing;
  readonly #spans: number[] = [];
  #isComplete: boolean;

  /** `isEmpty`: Node's parser knows that there is none (204, 304). */
  constructor(connection: DirectConnection, framing: Framing, isEmpty: boolean) {
    this.#connection = connection;
    this.#framing = framing;
    this.#isComplete = isEmpty || framing.isComplete;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  read(given: Given, ended: () => void, coalesce: boolean): void {
    if (this.#isComplete) return ended();
    const data = (bytes: Buffer): Promise<void> | undefined => this.#take(bytes, given, ended);
    const end = (): void => {
      this.#isComplete ||= this.#framing.endsWithConnection;
      ended();
    };
    this.#connection.divert({ data, end, broken: ended }, { coalesce });
  }

  destroy(): void {
    this.#connection.destroy();
  }

  async close(): Promise<void> {
    this.#connection.destroy();
    await soon(this.#connection.closed());
  }

  #take(bytes: Buffer, given: Given, ended: () => void): Promise<void> | undefined {
    if (this.#isComplete) return undefined;
    const spans = this.#spans;
    spans.length = 0;
    try {
      this.#framing.push(bytes, 0, bytes.length, spans);
    } catch {
      // What is no body is a broken connection.
      this.destroy();
      ended();
      return undefined;
    }
    const taking = spans.length === 0 ? undefined : given(bytes, spans);
    if (this.#framing.isComplete) {
      this.#isComplete = true;
      ended();
    }
    return taking;
  }
}
