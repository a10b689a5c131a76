import { checkFunction, checkKeys, isObject } from "../checks.ts";
import type { Sink } from "../delivery/sink.ts";
import { checkOtlpOptions, otlpLogs } from "../formats/otlp.ts";
import type { OtlpOptions } from "../formats/otlp.ts";
import { endpointOf } from "./http/endpoint.ts";
import type { HttpRequestOptions } from "./http/endpoint.ts";
import { inHalves, isTooLarge } from "./http/halves.ts";
import { failureOf, isOk, post } from "./http/post.ts";
import { isToldTooLarge, tellRefused } from "./http/refused-lines.ts";
import type { RefusedLines } from "./http/refused-lines.ts";

export type { HttpRequestOptions } from "./http/endpoint.ts";
export type { RefusedLines } from "./http/refused-lines.ts";
export type { OtlpOptions } from "../formats/otlp.ts";

export interface OtlpSinkOptions extends OtlpOptions, HttpRequestOptions {
  /**
   * Told where the server takes a batch but for some records (`partialSuccess`), or takes all with a warning (`lines` is 0), and of
   * a record that is too large alone (413). Those are lost, and count as delivered: the protocol forbids to send them again. Without it a batch with refused records is given up: the dead
   * letter gets all of it.
   */
  onRefused?: (refused: RefusedLines) => void;
}

const PATH = "/v1/logs";

/** The protocol's own list: any other failure must not be tried again. */
const RETRIED = [429, 502, 503, 504];

/**
 * A sink that exports records by OTLP over HTTP, in its JSON encoding: to an OpenTelemetry Collector, or whatever speaks it.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 * @throws DockspoolError INVALID_OPTION
 * @example
 * pool.deliver(otlpSink("http://collector:4318", { parse: true }), { name: "otlp" });
 */
export function otlpSink(url: string, options: OtlpSinkOptions = {}): Sink {
  checkKeys("", options, ["resource", "labels", "parse", "headers", "gzip", "onRefused"]);
  const { headers = {}, gzip = false, onRefused, ...format } = options;
  checkOtlpOptions(format);
  if (onRefused !== undefined) checkFunction("onRefused", onRefused);
  const endpoint = endpointOf(url, "application/json", { headers, gzip }, PATH);
  return async function otlp(records, { signal }) {
    await inHalves(records, async (part) => {
      const answer = await post(endpoint, JSON.stringify(otlpLogs(part, format)), signal);
      if (isTooLarge(answer.status, part)) return false;
      if (isToldTooLarge(answer, part, onRefused)) return true;
      if (!isOk(answer)) throw failureOf(endpoint, answer, (status) => RETRIED.includes(status));
      const { lines, message } = partialSuccess(answer.body);
      if (lines > 0 || message !== "")
        tellRefused({ records: part, lines, message }, endpoint.shown, onRefused);
      return true;
    });
  };
}

/** Of an answer that can't be read, nothing: the status says that the request was taken. */
function partialSuccess(body: string): { readonly lines: number; readonly message: string } {
  const partial = property(parsed(body), "partialSuccess");
  const lines = Number(property(partial, "rejectedLogRecords") ?? 0);
  const message = property(partial, "errorMessage");
  return {
    lines: Number.isSafeInteger(lines) ? lines : 0,
    message: typeof message === "string" ? message : "",
  };
}

function property(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
