import { checkFunction, checkKeys } from "../checks.ts";
import type { Sink } from "../delivery/sink.ts";
import { ndjson } from "../formats/ndjson.ts";
import type { LogBatch } from "../wire/records.ts";
import { endpointOf } from "./http/endpoint.ts";
import type { HttpRequestOptions } from "./http/endpoint.ts";
import { inHalves, isTooLarge } from "./http/halves.ts";
import { failureOf, isOk, post } from "./http/post.ts";
import { isToldTooLarge } from "./http/refused-lines.ts";
import type { RefusedLines } from "./http/refused-lines.ts";

export type { HttpRequestOptions } from "./http/endpoint.ts";
export type { RefusedLines } from "./http/refused-lines.ts";

export interface HttpOptions extends HttpRequestOptions {
  /** A batch as the request's body; default `ndjson`, with the type `application/x-ndjson`. For another one, give `headers["content-type"]`. */
  format?: (records: LogBatch) => string;
  /**
   * Told of a line that is too large alone (413), while the other lines are sent. It is lost, and counts as delivered. Without it the batch
   * is given up: the dead letter gets all of it.
   */
  onRefused?: (refused: RefusedLines) => void;
}

/**
 * A sink that posts records to an HTTP endpoint, a batch a request. Any 2xx takes them. 408, 425, 429 and 5xx are tried again, no sooner
 * than `Retry-After` says. 413 is sent again in halves. Any other answer refuses the batch for good: the dead letter gets it. After a
 * failure records may be posted again: drop each `id` that you know.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * pool.deliver(httpSink("https://logs.example.com/", { headers: { authorization: `Bearer ${token}` }, gzip: true }));
 */
export function httpSink(url: string, options: HttpOptions = {}): Sink {
  checkKeys("", options, ["headers", "gzip", "format", "onRefused"]);
  const { format = ndjson, onRefused } = options;
  checkFunction("format", format);
  if (onRefused !== undefined) checkFunction("onRefused", onRefused);
  const endpoint = endpointOf(url, "application/x-ndjson", options);
  return async function http(records, { signal }) {
    await inHalves(records, async (part) => {
      const answer = await post(endpoint, format(part), signal);
      if (isTooLarge(answer.status, part)) return false;
      if (isToldTooLarge(answer, part, onRefused)) return true;
      if (!isOk(answer)) throw failureOf(endpoint, answer);
      return true;
    });
  };
}
