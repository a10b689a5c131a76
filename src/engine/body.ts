import type { IncomingMessage } from "node:http";
import { onAbort } from "../lifetime/abort.ts";
import type { Answer } from "./contact.ts";
import { DirectBody } from "./direct-body.ts";
import { DirectSocket } from "./direct-socket.ts";
import { framingOf } from "./framing.ts";
import { PlainBody } from "./plain-body.ts";
import type { Body, Given } from "./response-body.ts";

/** How a body ended: as the protocol says it should, or with the connection gone. */
export type BodyEnd = "complete" | "cut";

/**
 * Takes what has come: the body's bytes are those of `bytes` within `spans`, pairs of from and to. They are valid until it
 * returns, and its to change; a promise pauses the body until it resolves.
 */
export type TakeBytes = (bytes: Buffer, spans: readonly number[]) => void | Promise<void>;

/** Like `TakeBytes`, piece by piece. */
type TakePiece = (piece: Buffer) => void;

/** What follows the head. Of a connection of ours nothing more is kept of the request and of the head. */
export function bodyOf(response: IncomingMessage): Body {
  const { socket } = response;
  if (!(socket instanceof DirectSocket)) return new PlainBody(response);
  const [framing, isEmpty] = [framingOf(response.headers), response.complete];
  // To Node it is cut off.
  response.on("error", () => {});
  const connection = socket.takeBody();
  return connection === undefined
    ? new PlainBody(response)
    : new DirectBody(connection, framing, isEmpty);
}

/**
 * Reads a body to its end. When `signal` aborts, or `take` throws, it and its socket are destroyed. In every case it settles only
 * after both are closed, so no reader is left behind; a socket of the caller's agent that never tells of its close is not waited for
 * without end.
 *
 * @throws what `take` threw or rejected with; the signal's reason
 */
export async function readBody(
  body: Body,
  take: TakeBytes,
  signal: AbortSignal,
  { coalesce = false }: { readonly coalesce?: boolean } = {},
): Promise<BodyEnd> {
  let failure: { readonly error: unknown } | undefined;
  let ended = unasked;
  const isEnded = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const fail = (error: unknown): void => {
    failure ??= { error };
    body.destroy();
    ended();
  };
  /** What is in hand. The connection may be gone before it is taken. */
  let taking: Promise<void> | undefined;
  const given: Given = (bytes, spans) => {
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
  body.read(given, ended, coalesce);
  try {
    await isEnded;
    await taking;
    await body.close(failure === undefined);
  } finally {
    unlink();
  }
  if (failure !== undefined) throw failure.error;
  return body.isComplete ? "complete" : "cut";
}

const unasked = (): void => {};

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
  body: Body,
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

/** An answer whose body nobody reads yet. */
export class HeldBody {
  readonly #answer: Answer;
  /** It was asked for with the lines' attributes. */
  readonly hasAttributes: boolean;

  constructor(answer: Answer, hasAttributes = false) {
    this.#answer = answer;
    this.hasAttributes = hasAttributes;
  }

  /** To be read. */
  take(): Answer {
    return this.#answer;
  }

  /** Resolves when it and its socket are closed. */
  async drop(): Promise<void> {
    const { body } = this.#answer;
    body.destroy();
    await body.close(false);
  }
}
