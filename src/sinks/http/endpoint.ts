import { checkBoolean, checkText, isOptions } from "../../checks.ts";
import { invalidOption } from "../../errors.ts";

/** Options that all sinks over HTTP have. */
export interface HttpRequestOptions {
  /** Sent with each request, such as `authorization`. */
  headers?: Readonly<Record<string, string>>;
  /** True: bodies are compressed. Default false. */
  gzip?: boolean;
}

/** Where requests go to, checked. */
export interface Endpoint {
  readonly url: string;
  /** For messages: without the query, which may hold a token. */
  readonly shown: string;
  readonly headers: Headers;
  readonly gzip: boolean;
}

/**
 * `path`: where to, if the URL has no path of its own.
 *
 * @throws DockspoolError INVALID_OPTION
 */
export function endpointOf(
  given: string,
  type: string,
  { headers = {}, gzip = false }: HttpRequestOptions,
  path = "/",
): Endpoint {
  checkText("url", given);
  if (!URL.canParse(given)) throw invalidOption("url", given, "a URL");
  const url = new URL(given);
  if (!/^https?:$/.test(url.protocol)) throw invalidOption("url", given, "a URL of http or https");
  if (url.username !== "" || url.password !== "")
    throw invalidOption("url", given, 'a URL without a user; credentials go into "headers"');
  if (url.pathname === "/") url.pathname = path;
  checkBoolean("gzip", gzip);
  return {
    url: url.href,
    shown: `${url.origin}${url.pathname}`,
    headers: headersOf(headers, type, gzip),
    gzip,
  };
}

function headersOf(given: unknown, type: string, gzip: boolean): Headers {
  const allowed = "an object with texts as HTTP allows them";
  if (!isOptions(given)) throw invalidOption("headers", given, allowed);
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    // The value may be a secret: an error must not show it.
    if (typeof value !== "string") throw invalidOption(`headers.${name}`, typeof value, allowed);
    try {
      headers.set(name, value);
    } catch {
      throw invalidOption("headers", name, allowed);
    }
  }
  if (!headers.has("content-type")) headers.set("content-type", type);
  if (gzip) headers.set("content-encoding", "gzip");
  return headers;
}
