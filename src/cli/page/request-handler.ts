import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Asset } from "./assets.ts";
import { refusal } from "./guard.ts";

/** Own files alone, no markup made of text, nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS: OutgoingHttpHeaders = {
  "cache-control": "no-store",
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const EVENTS: OutgoingHttpHeaders = {
  "content-type": "text/event-stream",
  // nginx would keep them back until it has many.
  "x-accel-buffering": "no",
};

export interface RequestOptions {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly allowedHosts: readonly string[];
  /** No more pages can be open. */
  readonly isFull: () => boolean;
  /** Sends events from now on. */
  readonly listen: (response: ServerResponse) => void;
}

/** Answers a request for the page, one of its files, or its events. */
export function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: RequestOptions,
): void {
  const { method, headers, socket } = request;
  const path = (request.url ?? "").replace(/\?.*$/s, "");
  const refused = refusal(
    {
      host: headers.host,
      origin: headers.origin,
      // Following a link from another site to the page itself is no harm.
      site: path === "/" ? undefined : headers["sec-fetch-site"],
      localAddress: socket.localAddress,
    },
    options.allowedHosts,
  );
  const asset = options.assets.get(path);
  if (refused !== undefined) say(response, 403, refused);
  else if (method !== "GET" && method !== "HEAD")
    say(response, 405, "The page can only be read.", { allow: "GET, HEAD" });
  else if (asset !== undefined) send(response, 200, asset);
  else if (path !== "/events") say(response, 404, "There is no such page.");
  else if (options.isFull())
    say(response, 503, "As many pages are open as can be.", { "retry-after": "10" });
  else {
    response.writeHead(200, { ...HEADERS, ...EVENTS });
    if (method === "HEAD") response.end();
    else options.listen(response);
  }
}

function say(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  const body = Buffer.from(`${text}\n`);
  send(response, status, { type: "text/plain; charset=utf-8", body }, headers);
}

/** Of a HEAD, Node.js leaves the body out. */
function send(
  response: ServerResponse,
  status: number,
  { type, body }: Asset,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, {
    ...HEADERS,
    ...headers,
    "content-type": type,
    "content-length": body.length,
  });
  response.end(body);
}
