import { checkFunction, checkKeys, checkText } from "../checks.ts";
import type { Sink } from "../delivery/sink.ts";
import { checkLokiOptions, lokiStreams } from "../formats/loki.ts";
import type { LokiOptions } from "../formats/loki.ts";
import { endpointOf } from "./http/endpoint.ts";
import type { HttpRequestOptions } from "./http/endpoint.ts";
import { inHalves, isTooLarge } from "./http/halves.ts";
import { failureOf, isOk, post } from "./http/post.ts";
import type { HttpAnswer } from "./http/post.ts";
import { isToldTooLarge, tellRefused } from "./http/refused-lines.ts";
import type { RefusedLines } from "./http/refused-lines.ts";

export type { HttpRequestOptions } from "./http/endpoint.ts";
export type { RefusedLines } from "./http/refused-lines.ts";
export type { LokiLabels, LokiOptions } from "../formats/loki.ts";
export type { PlainRecord } from "../formats/record.ts";

export interface LokiSinkOptions extends LokiOptions, HttpRequestOptions {
  /** The tenant, as `X-Scope-OrgID`. Default none. */
  tenant?: string;
  /**
   * Told where Loki takes a batch but for some lines that it will never take: out of order, too far behind, too old, too new, too long
   * (a 413 for one alone included). Those are lost, and count as delivered. Without it such a batch is given up: the dead letter gets all of it.
   */
  onRefused?: (refused: RefusedLines) => void;
}

const PATH = "/loki/api/v1/push";

/** Loki takes the other entries of such a request (its distributor's and ingester's messages). */
const LINES_REFUSED = /out of order|too far behind|timestamp too (?:old|new)|max entry size/i;

/**
 * A sink that pushes records to Loki, by its JSON API. 429 and 5xx are tried again, no sooner than `Retry-After` says; lines that were
 * taken before are not doubled, since Loki knows a line by its stream, time and text. Anything else that refuses a whole batch gives it up.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * pool.deliver(lokiSink("http://loki:3100", { labels: ({ container }) => ({ service: container.name }) }), { name: "loki" });
 */
export function lokiSink(url: string, options: LokiSinkOptions = {}): Sink {
  const { headers = {}, gzip = false, tenant, onRefused, ...format } = options;
  checkKeys("", options, ["labels", "metadata", "headers", "gzip", "tenant", "onRefused"]);
  checkLokiOptions(format);
  if (tenant !== undefined) checkText("tenant", tenant);
  if (onRefused !== undefined) checkFunction("onRefused", onRefused);
  const all = tenant === undefined ? headers : { ...headers, "x-scope-orgid": tenant };
  const endpoint = endpointOf(url, "application/json", { headers: all, gzip }, PATH);
  return async function loki(records, { signal }) {
    await inHalves(records, async (part) => {
      const body = JSON.stringify(lokiStreams(part, format));
      const answer = await post(endpoint, body, signal);
      if (isTooLarge(answer.status, part)) return false;
      if (isToldTooLarge(answer, part, onRefused)) return true;
      if (isOk(answer)) return true;
      if (!isPartial(answer)) throw failureOf(endpoint, answer);
      const message = answer.body.trim();
      tellRefused({ records: part, lines: ignoredIn(message), message }, endpoint.shown, onRefused);
      return true;
    });
  };
}

function isPartial({ status, body }: HttpAnswer): boolean {
  return status === 400 && LINES_REFUSED.test(body);
}

/** Of each stream its ingester says "total ignored: 2 out of 5". */
function ignoredIn(message: string): number | undefined {
  const counts = Array.from(message.matchAll(/total ignored: (\d+) out of/g), ([, count]) =>
    Number(count),
  );
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}
