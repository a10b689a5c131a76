import { DockspoolError } from "../errors.ts";
import { shownUrl } from "./shown-url.ts";

/** What DOCKER_HOST may say: a socket's path, empty for the usual one, or a remote engine. */
export type EngineUrl =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "remote"; readonly url: URL };

const ALLOWED =
  "unix://PATH, npipe://PATH, tcp://HOST:PORT, http(s)://HOST:PORT, ssh://USER@HOST or HOST:PORT";

/** `option`: what was given it, for the error. @throws DockspoolError INVALID_OPTION, without what may be secret in it */
export function parseEngineUrl(given: string, option: string): EngineUrl {
  const socket = /^(?:unix|npipe):\/\/(.*)$/s.exec(given);
  if (socket !== null) return { kind: "socket", path: socket[1] ?? "" };
  const text = given.includes("://") ? given : `tcp://${bracketed(given)}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "" || !/^(tcp|https?|ssh):$/.test(url.protocol)) {
    const later = given.startsWith("context:")
      ? " Contexts are not read: give the endpoint that `docker context inspect` shows."
      : "";
    const what = option.startsWith("engine") ? "Option" : "Variable";
    throw new DockspoolError(
      "INVALID_OPTION",
      `${what} "${option}" was given ${JSON.stringify(shownUrl(given))}; allowed: ${ALLOWED}.${later}`,
    );
  }
  return { kind: "remote", url };
}

/** An IPv6 address has colons of its own. */
function bracketed(host: string): string {
  const isIPv6 = host.includes(":") && !host.includes(".") && host.split(":").length > 2;
  return isIPv6 ? `[${host.replace(/^\[|\]$/g, "")}]` : host;
}
