import { codeOf } from "../errors.ts";

/** Whoever reads the output has enough of it: `dockspool | head`. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

function ignore(): void {}

/** Standard output, written no faster than it is read. */
export class Output {
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
    // Each write tells its own failure.
    stream.on("error", ignore);
  }

  /**
   * Resolves once the system has taken the text.
   *
   * @throws ReaderGone; what else keeps it from being written
   */
  async write(text: string): Promise<void> {
    if (text === "") return;
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => {
        if (error === null || error === undefined) return resolve();
        const isGone = ["EPIPE", "EIO", "ERR_STREAM_DESTROYED"].includes(codeOf(error));
        reject(isGone ? new ReaderGone("nobody reads the output", { cause: error }) : error);
      });
    });
  }

  close(): void {
    this.#stream.off("error", ignore);
  }
}
