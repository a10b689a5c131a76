import type { Target } from "./plan.ts";

const HEAD_END = "\r\n\r\n";

/** One request that a client has sent. */
export interface Asked {
  readonly target: Exclude<Target, "all">;
  /** Where it is for a log: whose. */
  readonly container: string | undefined;
}

/** Finds the requests in what a client sends. Bodies must say their length. */
export class RequestHeads {
  #text = "";
  #bodyBytes = 0;

  push(chunk: Buffer): Asked[] {
    const asked: Asked[] = [];
    this.#text += chunk.toString("latin1");
    for (;;) {
      const skipped = Math.min(this.#bodyBytes, this.#text.length);
      this.#bodyBytes -= skipped;
      this.#text = this.#text.slice(skipped);
      const end = this.#text.indexOf(HEAD_END);
      if (end === -1) return asked;
      const head = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + HEAD_END.length);
      this.#bodyBytes = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      asked.push(askedBy(head.split(" ", 2)[1] ?? "/"));
    }
  }
}

function askedBy(path: string): Asked {
  const log = /^(?:\/v[\d.]+)?\/containers\/([^/?]+)\/logs/.exec(path)?.[1];
  if (log !== undefined) return { target: "logs", container: decodeURIComponent(log) };
  const isEvents = /^(?:\/v[\d.]+)?\/events(\?|$)/.test(path);
  return { target: isEvents ? "events" : "other", container: undefined };
}
