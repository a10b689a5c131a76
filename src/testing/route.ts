/** What a request asks for. */
type Route =
  | { readonly kind: "ping" | "version" | "info" | "list" | "events" | "unknown" }
  | {
      readonly kind: "inspect" | "logs" | "libpod-inspect" | "service" | "service-logs";
      readonly reference: string;
    };

export interface Target {
  readonly route: Route;
  readonly query: URLSearchParams;
}

const SIMPLE = {
  "/_ping": "ping",
  "/version": "version",
  "/info": "info",
  "/containers/json": "list",
  "/events": "events",
} as const;

/** `url`: as it stands in the request, with or without "/v1.44" in front. */
export function parseTarget(method: string, url: string): Target {
  const mark = url.indexOf("?");
  const path = (mark === -1 ? url : url.slice(0, mark)).replace(/^\/v\d+(?:\.\d+)*(?=\/)/, "");
  const query = new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
  return { route: routeOf(method, path), query };
}

function routeOf(method: string, path: string): Route {
  if (method === "HEAD" && path === "/_ping") return { kind: "ping" };
  if (method !== "GET") return { kind: "unknown" };
  for (const [known, kind] of Object.entries(SIMPLE)) if (path === known) return { kind };
  const libpod = /^\/libpod\/containers\/([^/]+)\/json$/.exec(path);
  if (libpod !== null) return { kind: "libpod-inspect", reference: decoded(libpod[1] ?? "") };
  const service = /^\/services\/([^/]+?)(\/logs)?$/.exec(path);
  if (service !== null) {
    const kind = service[2] === undefined ? "service" : "service-logs";
    return { kind, reference: decoded(service[1] ?? "") };
  }
  const match = /^\/containers\/([^/]+)\/(json|logs)$/.exec(path);
  if (match === null) return { kind: "unknown" };
  return { kind: match[2] === "logs" ? "logs" : "inspect", reference: decoded(match[1] ?? "") };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
