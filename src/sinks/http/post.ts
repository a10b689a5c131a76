import { promisify } from "node:util";
import { gzip as compress } from "node:zlib";
import type { SinkError } from "../../delivery/sink-error.ts";
import { fieldOf, messageOf } from "../../errors.ts";
import { Refusal } from "../refusal.ts";
import type { Endpoint } from "./endpoint.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What a server said, with the beginning of its body. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  readonly retryAfterMs: number | undefined;
}

const gzip = promisify(compress);

/** Longer answers are cut: what a server sends without end is not read. */
const MAX_ANSWER = 64 * 1_024;
/** Nor is what comes later than that behind the status, in milliseconds. */
const BODY_WITHIN_MS = 5_000;

/** @throws where there is no answer; the signal's reason */
export async function post(
  endpoint: Endpoint,
  text: string,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { url, headers } = endpoint;
  const body = endpoint.gzip ? await gzip(text) : text;
  try {
    // A redirect would be followed by a GET, without the lines.
    const options = { method: "POST", headers, body, redirect: "manual", signal } as const;
    const response = await fetch(url, options);
    return {
      status: response.status,
      body: await beginningOf(response, signal),
      retryAfterMs: retryAfterMs(response.headers.get("retry-after"), Date.now()),
    };
  } catch (error) {
    signal.throwIfAborted();
    const cause = fieldOf(error, "cause") ?? error;
    throw new Error(`${endpoint.shown} gives no answer: ${messageOf(cause)}`, { cause: error });
  }
}

/**
 * Read to its end where it is short, so that the connection is used again. The status has said what became of the lines: a body that is cut
 * short, stalls or can't be decoded changes nothing, and is what has come of it.
 *
 * @throws the signal's reason
 */
async function beginningOf({ body }: Response, signal: AbortSignal): Promise<string> {
  if (body === null) return "";
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const leave = (): void => void reader.cancel().catch(() => {});
  // On a busy machine what has come by then is read first.
  const timer = setTimeout(() => setImmediate(leave), BODY_WITHIN_MS);
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length <= MAX_ANSWER) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
    leave();
  }
  return text;
}

/** Answers that another attempt may change: the server is busy, restarts, or has timed out. */
const BUSY = [408, 425, 429];

/** The error of an answer that is none of success. `retried`: which statuses another attempt may change. */
export function failureOf(
  { shown }: Endpoint,
  answer: HttpAnswer,
  retried: (status: number) => boolean = (status) => status >= 500 || BUSY.includes(status),
): Error {
  const { status, body } = answer;
  const message = `${shown} answered ${status}${body === "" ? "" : `: ${messageOf(body.slice(0, 500))}`}`;
  if (!retried(status)) return new Refusal(message);
  const later: SinkError =
    answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs };
  return Object.assign(new Error(message), later);
}

export function isOk({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}
