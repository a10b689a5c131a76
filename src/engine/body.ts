import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { onAbort } from "../lifetime/abort.ts";

/** How a body ended: as the protocol says it should, or with the connection gone. */
export type BodyEnd = "complete" | "cut";

/** Takes a chunk; a promise pauses the body until it resolves. */
export type TakeChunk = (chunk: Buffer) => void | Promise<void>;

/**
 * Reads a response to its end. When `signal` aborts, or `take` throws, the response and its socket are destroyed. In every
 * case it settles only after both are closed, so no reader is left behind.
 *
 * @throws what `take` threw or rejected with; the signal's reason
 */
export async function readBody(
  body: IncomingMessage,
  take: TakeChunk,
  signal: AbortSignal,
): Promise<BodyEnd> {
  const { socket } = body;
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    body.destroy();
  };
  /** The chunk in hand. The connection may be gone before it is taken. */
  let taking: Promise<void> | undefined;
  const unlink = onAbort(signal, () => fail(signal.reason));
  const socketClosed = closeOf(socket);
  const bodyClosed = closeOf(body);
  body.on("error", () => body.destroy());
  body.on("data", (chunk: Buffer) => {
    if (failure !== undefined) return;
    try {
      const taken = take(chunk);
      if (taken === undefined) return;
      body.pause();
      taking = taken.then(() => void body.resume(), fail);
    } catch (error) {
      fail(error);
    }
  });
  try {
    await bodyClosed;
    await taking;
    // A socket that the caller's agent keeps for another request is not ours to end.
    const isKept = failure === undefined && body.complete && body.headers.connection !== "close";
    if (!isKept) {
      socket.destroy();
      await socketClosed;
    }
  } finally {
    unlink();
  }
  if (failure !== undefined) throw failure.error;
  return body.complete ? "complete" : "cut";
}

/** Resolves with its "close" event. `closed` becomes true a tick earlier, when nobody else has heard of it. */
function closeOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) setImmediate(resolve);
    else stream.once("close", resolve);
  });
}

/** The whole body as text. @throws RangeError where it is longer than `maxBytes` */
export async function readText(
  body: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const end = await readBody(
    body,
    (chunk) => {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new RangeError(`an answer of more than ${maxBytes} bytes`);
      chunks.push(chunk);
    },
    signal,
  );
  if (end === "cut") throw Object.assign(new Error("the answer was cut"), { code: "ECONNRESET" });
  return Buffer.concat(chunks).toString("utf8");
}

/** A response that nobody reads yet. */
export class HeldBody {
  readonly #body: IncomingMessage;

  constructor(body: IncomingMessage) {
    this.#body = body;
    // What is wrong shows when it is read.
    body.on("error", () => body.destroy());
  }

  /** To be read. */
  take(): IncomingMessage {
    return this.#body;
  }

  /** Resolves when it and its socket are closed. */
  async drop(): Promise<void> {
    const { socket } = this.#body;
    const closed = closeOf(socket);
    this.#body.destroy();
    socket.destroy();
    await closed;
  }
}
