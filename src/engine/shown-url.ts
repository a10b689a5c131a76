import { printable } from "../printable.ts";

const SHAPE = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*@)?([^/?#]*)(.*)$/is;
const SOCKET = /^(unix|npipe):\/\//i;

/**
 * An engine's URL as a message may show it, also one that can't be parsed: without user and password, and without a path or query,
 * which may hold a key.
 */
export function shownUrl(url: string): string {
  if (SOCKET.test(url)) return printable(url);
  const [, scheme, user, authority = "", rest = ""] = SHAPE.exec(url) ?? [];
  const [host = "", ...port] = authority.split(/:(?=[^:\]]*$)/);
  // What stands where a port should may be the end of a password.
  const ports = port.map((text) => (/^\d*$/.test(text) ? `:${text}` : ":…")).join("");
  return printable(
    `${scheme === undefined ? "" : `${scheme}://`}${user === undefined ? "" : "…@"}${host}${ports}${/^\/?$/.test(rest) ? "" : "/…"}`,
  );
}
