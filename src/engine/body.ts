import type { IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { onAbort } from "../lifetime/abort.ts";
import type { Answer } from "./contact.ts";
import { DirectSocket } from "./direct-socket.ts";
import { framingOf } from "./framing.ts";

/** After a body's end, or its being given up: so long for the close of response and socket, which are destroyed. */
const CLOSE_WITHIN_MS = 2_000;

/** How a body ended: as the protocol says it should, or with the connection gone. */
export type BodyEnd = "complete" | "cut";

/**
 * Takes what has come: the body's bytes are those of `bytes` within `spans`, pairs of from and to. They are valid until it
 * returns, and its to change; a promise pauses the body until it resolves.
 */
export type TakeBytes = (bytes: Buffer, spans: readonly number[]) => void | Promise<void>;

/** Like `TakeBytes`, piece by piece. */
type TakePiece = (piece: Buffer) => void;

/**
 * Reads a response to its end. When `signal` aborts, or `take` throws, the response and its socket are destroyed. In every
 * case it settles only after both are closed, so no reader is left behind; a socket of the caller's agent that never tells of
 * its close is not waited for without end.
 *
 * @throws what `take` threw or rejected with; the signal's reason
 */
export async function readBody(
  body: IncomingMessage,
  take: TakeBytes,
  signal: AbortSignal,
  { coalesce = false }: { readonly coalesce?: boolean } = {},
): Promise<BodyEnd> {
  const { socket } = body;
  let failure: { readonly error: unknown } | undefined;
  let ended: (() => void) | undefined;
  const isEnded = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const fail = (error: unknown): void => {
    failure ??= { error };
    body.destroy();
    if (isDirect(socket)) socket.destroy();
    ended?.();
  };
  /** What is in hand. The connection may be gone before it is taken. */
  let taking: Promise<void> | undefined;
  const given = (bytes: Buffer, spans: readonly number[]): Promise<void> | undefined => {
    if (failure !== undefined) return undefined;
    try {
      taking = take(bytes, spans)?.catch(fail);
      return taking;
    } catch (error) {
      fail(error);
      return undefined;
    }
  };
  const unlink = onAbort(signal, () => fail(signal.reason));
  const socketClosed = closeOf(socket);
  const bodyClosed = closeOf(body);
  body.on("error", () => body.destroy());
  body.once("end", () => ended?.());
  const isComplete = isDirect(socket)
    ? readDirectly(body, socket, given, coalesce)
    : readPlainly(body, given);
  try {
    await Promise.race([bodyClosed, isEnded]);
    await soon(bodyClosed);
    await taking;
    // A socket that the caller's agent keeps for another request is not ours to end.
    const isKept =
      !isDirect(socket) &&
      failure === undefined &&
      body.complete &&
      body.headers.connection !== "close";
    if (!isKept) {
      socket.destroy();
      await soon(socketClosed);
    }
  } finally {
    unlink();
  }
  if (failure !== undefined) throw failure.error;
  return isComplete() ? "complete" : "cut";
}

type Given = (bytes: Buffer, spans: readonly number[]) => Promise<void> | undefined;

/** As Node's HTTP client hands it out. */
function readPlainly(body: IncomingMessage, given: Given): () => boolean {
  body.on("data", (bytes: Buffer) => {
    const taking = given(bytes, [0, bytes.length]);
    if (taking === undefined) return;
    body.pause();
    void taking.then(() => body.resume());
  });
  return () => body.complete;
}

/** Past Node's HTTP client, which has read the head: what its `complete` and "end" say of this body means nothing. */
function readDirectly(
  body: IncomingMessage,
  socket: DirectSocket,
  given: Given,
  coalesce: boolean,
): () => boolean {
  const framing = framingOf(body.headers);
  const spans: number[] = [];
  let isComplete = false;
  let taking: Promise<void> | undefined;
  const end = (): void => {
    body.destroy();
    socket.destroy();
  };
  const endTaken = (): void => {
    if (taking === undefined) end();
    else void taking.then(end);
  };
  const data = (bytes: Buffer): Promise<void> | undefined => {
    spans.length = 0;
    try {
      framing.push(bytes, 0, bytes.length, spans);
    } catch {
      // What is no body is a broken connection.
      end();
      return undefined;
    }
    taking = spans.length === 0 ? undefined : given(bytes, spans);
    if (framing.isComplete) {
      isComplete = true;
      endTaken();
    }
    return taking;
  };
  const ended = (): void => {
    isComplete ||= framing.endsWithConnection;
    end();
  };
  // Without a body: Node's parser knows (204, 304).
  if (framing.isComplete || body.complete) isComplete = true;
  if (isComplete) end();
  else socket.divert({ data, end: ended }, { coalesce });
  return () => isComplete;
}

function isDirect(socket: Duplex): socket is DirectSocket {
  return socket instanceof DirectSocket;
}

/** Resolves with its "close" event. `closed` becomes true a tick earlier, when nobody else has heard of it. */
function closeOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) setImmediate(resolve);
    else stream.once("close", resolve);
  });
}

/** Resolves with `closed`, or when it is late. */
export async function soon(closed: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_WITHIN_MS);
  });
  await Promise.race([closed, late]);
  clearTimeout(timer);
}

/** For bodies of which nobody minds how they are cut. */
export function inPieces(take: TakePiece): TakeBytes {
  return (bytes, spans) => {
    for (let index = 0; index < spans.length; index += 2)
      take(bytes.subarray(spans[index], spans[index + 1]));
  };
}

/** A body's text, and whether that is all of it. */
export interface BodyText {
  readonly text: string;
  readonly end: BodyEnd | "too long" | "given up";
}

/** Ends a read from within, on purpose. */
class TooLong extends Error {}

/**
 * Reads a body as text, up to `maxBytes`, until `signal` aborts. `came` is called with each piece.
 *
 * @throws nothing of the body: what has come is given, and how it ended
 */
export async function readText(
  body: IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
  came: () => void,
): Promise<BodyText> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const take = inPieces((piece) => {
    came();
    chunks.push(Buffer.from(piece.subarray(0, maxBytes - bytes)));
    bytes += piece.length;
    if (bytes > maxBytes) throw new TooLong();
  });
  let end: BodyText["end"];
  try {
    end = await readBody(body, take, signal);
  } catch (error) {
    end = error instanceof TooLong ? "too long" : "given up";
  }
  return { text: Buffer.concat(chunks).toString("utf8"), end };
}

/** A response that nobody reads yet. */
export class HeldBody {
  readonly #answer: Answer;
  /** It was asked for with the lines' attributes. */
  readonly hasAttributes: boolean;

  constructor(answer: Answer, hasAttributes = false) {
    this.#answer = answer;
    this.hasAttributes = hasAttributes;
    // What is wrong shows when it is read.
    answer.response.on("error", () => answer.response.destroy());
  }

  /** To be read. */
  take(): Answer {
    return this.#answer;
  }

  /** Resolves when it and its socket are closed. */
  async drop(): Promise<void> {
    const { response } = this.#answer;
    const { socket } = response;
    const closed = closeOf(socket);
    response.destroy();
    socket.destroy();
    await soon(closed);
  }
}
