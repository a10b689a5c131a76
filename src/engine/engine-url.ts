import { isIPv6 } from "node:net";
import { DockspoolError } from "../errors.ts";
import { shownUrl } from "./shown-url.ts";

/** An engine that is reached over the network, as an URL names it. */
export interface RemoteUrl {
  readonly kind: "remote";
  readonly scheme: "tcp" | "http" | "https" | "ssh";
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number | undefined;
  readonly username: string | undefined;
  /** Encoded as it is given, and without slashes at its end: empty for none. */
  readonly path: string;
}

/** What DOCKER_HOST may say: a socket's path, empty for the usual one, or a remote engine. */
export type EngineUrl = { readonly kind: "socket"; readonly path: string } | RemoteUrl;

const ALLOWED =
  "unix://PATH, npipe://PATH, tcp://HOST:PORT, http(s)://HOST:PORT, ssh://USER@HOST or HOST:PORT";
/** What ssh may take for an option, or a shell for more than a name. */
const UNSAFE = /^-|[\s"'`$&;|<>(){}*?!\\]/;
const CONTEXT = "context:";

/** The name in "context:NAME"; undefined where the text is none. */
export function contextNameIn(given: string): string | undefined {
  return given.startsWith(CONTEXT) ? given.slice(CONTEXT.length) : undefined;
}

/**
 * `option`: what was given it, for the error: an option, or a variable.
 *
 * @throws DockspoolError INVALID_OPTION, without what may be secret in it
 */
export function parseEngineUrl(given: string, option: string): EngineUrl {
  const socket = /^(?:unix|npipe):\/\/(.*)$/s.exec(given);
  if (socket !== null) return { kind: "socket", path: socket[1] ?? "" };
  const refuse = (allowed: string): DockspoolError => {
    const also = option.startsWith("engine") ? `${allowed}, or context:NAME` : allowed;
    return new DockspoolError(
      "INVALID_OPTION",
      `${placeOf(option)} was given ${JSON.stringify(shownUrl(given))}; allowed: ${also}.`,
    );
  };
  const url = parseUrl(given);
  const scheme = url && schemeOf(url);
  if (url === undefined || url.hostname === "" || scheme === undefined) throw refuse(ALLOWED);
  const remote = {
    kind: "remote",
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? undefined : Number(url.port),
    username: url.username === "" ? undefined : decoded(url.username),
    path: url.pathname.replace(/\/+$/, ""),
  } as const;
  if (scheme !== "ssh") return remote;
  const isPlain = url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain || UNSAFE.test(remote.host) || UNSAFE.test(remote.username ?? ""))
    throw refuse("ssh://USER@HOST:PORT/SOCKET, without a password");
  return remote;
}

function placeOf(option: string): string {
  if (option.startsWith("engine")) return `Option "${option}"`;
  return option === option.toUpperCase() ? `Variable "${option}"` : option;
}

function parseUrl(given: string): URL | undefined {
  const [, scheme = "tcp://", user = "", host = "", rest = ""] =
    /^([a-z][a-z0-9+.-]*:\/\/)?([^/?#]*@)?([^/?#]*)(.*)$/is.exec(given) ?? [];
  // An IPv6 address has colons of its own, and is often given without brackets.
  const text = `${scheme}${user}${isIPv6(host) ? `[${host}]` : host}${rest}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function schemeOf({ protocol }: URL): RemoteUrl["scheme"] | undefined {
  const scheme = protocol.slice(0, -1);
  const known = ["tcp", "http", "https", "ssh"] as const;
  return known.find((name) => name === scheme);
}

/** An URL's part in plain characters. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
