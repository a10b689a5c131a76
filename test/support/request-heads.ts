const HEAD_END = "\r\n\r\n";

/** Finds the targets of the requests in what a client sends. Bodies must say their length. */
export class RequestHeads {
  #text = "";
  #bodyBytes = 0;

  push(chunk: Buffer): string[] {
    const targets: string[] = [];
    this.#text += chunk.toString("latin1");
    for (;;) {
      const skipped = Math.min(this.#bodyBytes, this.#text.length);
      this.#bodyBytes -= skipped;
      this.#text = this.#text.slice(skipped);
      const end = this.#text.indexOf(HEAD_END);
      if (end === -1) return targets;
      const head = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + HEAD_END.length);
      this.#bodyBytes = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      targets.push(head.split(" ", 2)[1] ?? "/");
    }
  }
}
