import type { IncomingMessage, ServerResponse } from "node:http";
import { checkKeys, checkMethods, checkText } from "./checks.ts";
import { messageOf } from "./errors.ts";
import { endedBy } from "./pool/health/report.ts";
import type { Health } from "./pool/health/report.ts";
import { printable } from "./printable.ts";
import type { EndReason } from "./source/status.ts";

export interface ObserveOptions {
  /** What `/metrics` answers: prom-client's `Registry`, or anything like it. Default none: there is no `/metrics`. */
  metrics?: MetricsText;
}

/** Metrics in the text of Prometheus, as prom-client's `Registry` has them. */
export interface MetricsText {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** What is observed: a `StreamPool`. */
export interface ObservedPool {
  readonly ending: EndReason | undefined;
  health(): Health;
}

/** For `http.createServer`; for `app.use` of Express and Connect; for `request.raw` and `reply.raw` of Fastify. */
export type ObserveHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: () => void,
) => void;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type Page = () => Answer | Promise<Answer>;

/** Scrapers give up sooner: Prometheus after 10 s. */
const METRICS_TIMEOUT_MS = 30_000;

/**
 * Shows a pool to Kubernetes, load balancers and Prometheus, by GET and HEAD:
 *
 * - `/livez`: 200 as long as the pool goes on, also while it waits for an engine. 503 once it has failed or is closed, with
 *   which of them: then a new process helps.
 * - `/readyz`: 200 where `health().ready`, else 503 with what is waited for.
 * - `/healthz`: `health()` as JSON; 200 where it is healthy or degraded, 503 where it is unhealthy.
 * - `/metrics`: the text of `metrics`.
 *
 * Any other path is handed to `next`, or is 404. Queries are ignored. What goes wrong is told by the answer, never thrown. The
 * answers hold names of containers and words of errors: whoever can reach them can read those.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * createServer(observe(pool, { metrics: register })).listen(9100);
 */
export function observe(pool: ObservedPool, options: ObserveOptions = {}): ObserveHandler {
  checkMethods("pool", pool, ["health"], "a StreamPool");
  const pages = pagesOf(pool, checkOptions(options));
  return (request, response, next) => {
    const [path = ""] = (request.url ?? "").split(/[?#]/, 1);
    const page = pages.get(path);
    if (page !== undefined) void answer(request, response, page);
    else if (next !== undefined) next();
    else void answer(request, response, () => notFound(path, pages));
  };
}

function checkOptions(options: ObserveOptions): ObserveOptions {
  checkKeys("", options, ["metrics"]);
  const { metrics } = options;
  if (metrics === undefined) return options;
  checkMethods(
    "metrics",
    metrics,
    ["metrics"],
    "prom-client's Registry, or any object with contentType and metrics()",
  );
  checkText("metrics.contentType", metrics.contentType);
  return options;
}

function pagesOf(pool: ObservedPool, { metrics }: ObserveOptions): ReadonlyMap<string, Page> {
  const pages = new Map<string, Page>([
    ["/livez", () => livez(pool)],
    ["/readyz", () => readyz(pool.health())],
    ["/healthz", () => healthz(pool.health())],
  ]);
  if (metrics !== undefined) pages.set("/metrics", () => metricsOf(metrics));
  return pages;
}

function livez({ ending }: ObservedPool): Answer {
  return ending === undefined ? text(200, "live") : text(503, endedBy(ending));
}

function readyz({ ready, components }: Health): Answer {
  if (ready) return text(200, "ready");
  const ill = Object.entries(components).filter(([, { status }]) => status !== "healthy");
  const why = ill.map(([name, { detail }]) => `${name}: ${detail}`);
  return text(503, ["not ready", ...why].join("\n"));
}

function healthz(health: Health): Answer {
  return {
    status: health.status === "unhealthy" ? 503 : 200,
    type: "application/json; charset=utf-8",
    body: JSON.stringify(health),
  };
}

async function metricsOf(metrics: MetricsText): Promise<Answer> {
  const body: unknown = await inTime(metrics.metrics());
  if (typeof body !== "string") throw new TypeError("metrics() gave no text");
  return { status: 200, type: metrics.contentType, body };
}

/** As `promise`, but no longer than that. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`metrics() did not answer within ${METRICS_TIMEOUT_MS / 1_000} s`);
    timer = setTimeout(() => reject(error), METRICS_TIMEOUT_MS).unref();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function notFound(path: string, pages: ReadonlyMap<string, Page>): Answer {
  if (path === "/metrics")
    return text(
      404,
      "No metrics here: observe() was given no `metrics`, such as prom-client's Registry.",
    );
  return text(404, `Nothing is here. There are: ${[...pages.keys()].join(", ")}.`);
}

/** Each line as it can be shown anywhere. */
function text(status: number, words: string): Answer {
  const lines = words.split("\n").map((line) => `${printable(line)}\n`);
  return { status, type: "text/plain; charset=utf-8", body: lines.join("") };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  page: Page,
): Promise<void> {
  const { method = "" } = request;
  if (method !== "GET" && method !== "HEAD") {
    send(response, method, text(405, `${method} is not allowed here; GET and HEAD are.`));
    return;
  }
  try {
    send(response, method, await page());
  } catch (error) {
    send(response, method, text(500, `There is no answer: ${messageOf(error)}`));
  }
}

function send(response: ServerResponse, method: string, { status, type, body }: Answer): void {
  // Whoever asked has gone, or got an answer of somebody else's.
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(method === "HEAD" ? undefined : body);
}
