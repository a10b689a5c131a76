import type { ServerResponse } from "node:http";
import type { Messages } from "./messages.ts";

/** Pages that are open at once. */
const MAX_LISTENERS = 16;
/** Bytes that a page has not taken; it gets nothing more until it has. */
const MAX_BEHIND_BYTES = 512 * 1024;
/** A page that has taken nothing for so long is dropped; it asks again by itself. */
const DROPPED_AFTER_MS = 30_000;

/** One open page, and what it has been sent. */
export class Listener {
  readonly #response: ServerResponse;
  /** The number of the last line that it was sent, or that was skipped for it. */
  seen = 0;
  #behindSince: number | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** False where nothing can be sent now: the page is behind. */
  hasRoom(now: number): boolean {
    if (this.#response.writableLength <= MAX_BEHIND_BYTES) {
      this.#behindSince = undefined;
      return true;
    }
    this.#behindSince ??= now;
    if (now - this.#behindSince >= DROPPED_AFTER_MS) this.#response.destroy();
    return false;
  }

  send<Name extends keyof Messages>(name: Name, message: Messages[Name]): void {
    this.sendText(eventText(name, message));
  }

  sendText(text: string): void {
    this.#response.write(text);
  }

  end(): void {
    this.#response.destroy();
  }
}

/** The pages that are open. */
export class Listeners {
  readonly #all = new Set<Listener>();

  get size(): number {
    return this.#all.size;
  }

  get isFull(): boolean {
    return this.#all.size >= MAX_LISTENERS;
  }

  add(response: ServerResponse): Listener {
    const listener = new Listener(response);
    this.#all.add(listener);
    // A connection that breaks is one that closes.
    response.on("error", () => {});
    response.on("close", () => this.#all.delete(listener));
    return listener;
  }

  withRoom(): Listener[] {
    const now = Date.now();
    return [...this.#all].filter((listener) => listener.hasRoom(now));
  }

  close(): void {
    for (const listener of this.#all) listener.end();
  }
}

/** An event of `text/event-stream`; JSON has no line ends of its own. */
export function eventText<Name extends keyof Messages>(
  name: Name,
  message: Messages[Name],
): string {
  return `event: ${name}\ndata: ${JSON.stringify(message)}\n\n`;
}
