import { invalidOption } from "../errors.ts";
import { DEFAULT_CONTEXT, readContext } from "./docker-context.ts";
import { currentContext } from "./docker-config.ts";
import type { Environment, WantedContext } from "./docker-config.ts";
import type { EngineOptions } from "./engine-options.ts";
import { contextNameIn, decoded, parseEngineUrl } from "./engine-url.ts";
import type { EngineUrl, RemoteUrl } from "./engine-url.ts";
import { readTlsOf, wantsTls } from "./tls-files.ts";
import type { Tls } from "./tls-files.ts";
import { findUsualSocket } from "./usual-sockets.ts";

/** An engine behind ssh. */
export interface SshAddress {
  readonly kind: "ssh";
  readonly host: string;
  /** Undefined: ssh's own settings say. */
  readonly port: number | undefined;
  readonly username: string | undefined;
  /** The engine's socket there; undefined: the one that the docker command finds there. */
  readonly socketPath: string | undefined;
  /** What ssh2's `connect` takes; undefined: the system's ssh serves. */
  readonly options: Readonly<Record<string, unknown>> | undefined;
}

/** Where the engine is to be found. */
export type Address =
  | { readonly kind: "socket"; readonly path: string; readonly tried: readonly string[] }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      /** In front of every path that is asked for; empty for none. */
      readonly pathPrefix: string;
      readonly tls: Tls | undefined;
    }
  | SshAddress;

/** For people: nothing of it is secret. */
export function showAddress(address: Address): string {
  if (address.kind === "socket") return `unix://${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const authority = address.port === undefined ? host : `${host}:${address.port}`;
  if (address.kind === "ssh")
    return `ssh://${authority}${address.socketPath === undefined ? "" : "/…"}`;
  const path = address.pathPrefix === "" ? "" : "/…";
  return `${address.tls === undefined ? "http" : "https"}://${authority}${path}`;
}

/** What is given beside an URL: settings, and what variables say of connections. */
interface Beside {
  readonly options: EngineOptions;
  /** DOCKER_TLS_VERIFY and its kind; undefined: they say nothing of this engine. */
  readonly tlsEnv?: Environment;
  /** A context's certificates. */
  readonly tls?: Tls | undefined;
  readonly pathPrefix?: string | undefined;
}

/**
 * Brings options and variables to one address, as the docker command does: what is explicit, else DOCKER_HOST, else
 * DOCKER_CONTEXT, else `currentContext` of docker's config.json, else the usual sockets. A string is taken as DOCKER_HOST is, or
 * is "context:NAME".
 *
 * @throws DockspoolError INVALID_OPTION where a variable, a context or its files can't be used
 */
export async function findAddress(
  engine: string | EngineOptions,
  env: Environment = process.env,
): Promise<Address> {
  if (typeof engine === "string") {
    const name = contextNameIn(engine);
    if (name !== undefined) return ofContext({ name, by: 'Option "engine"' }, {}, env);
    return addressOf(parseEngineUrl(engine, "engine"), { options: {}, tlsEnv: env }, env);
  }
  const { socketPath, host, context } = engine;
  if (socketPath !== undefined) return { kind: "socket", path: socketPath, tried: [socketPath] };
  if (host !== undefined)
    return addressOf(parseEngineUrl(host, "engine.host"), { options: engine }, env);
  if (context !== undefined)
    return ofContext({ name: context, by: 'Option "engine.context"' }, engine, env);
  if (isGiven(env["DOCKER_HOST"])) return ofDefault(engine, env);
  const current = await currentContext(env);
  return current === undefined ? ofDefault(engine, env) : ofContext(current, engine, env);
}

/** DOCKER_HOST, else the usual socket. */
function ofDefault(options: EngineOptions, env: Environment): Promise<Address> {
  const variable = env["DOCKER_HOST"] ?? "";
  if (variable === "") return usualSocket(env);
  const beside = { options, tlsEnv: env, pathPrefix: env["DOCKER_PATH_PREFIX"] };
  return addressOf(parseEngineUrl(variable, "DOCKER_HOST"), beside, env);
}

async function ofContext(
  wanted: WantedContext,
  options: EngineOptions,
  env: Environment,
): Promise<Address> {
  if (wanted.name === DEFAULT_CONTEXT) return ofDefault(options, env);
  const { host, tls } = await readContext(wanted, env);
  if (host === "") return usualSocket(env);
  const place = `Host of the context ${wanted.name}`;
  return addressOf(parseEngineUrl(host, place), { options, tls }, env);
}

async function addressOf(given: EngineUrl, beside: Beside, env: Environment): Promise<Address> {
  if (given.kind === "socket") {
    const { path } = given;
    return path === "" ? usualSocket(env) : { kind: "socket", path, tried: [path] };
  }
  const scheme = beside.options.protocol ?? given.scheme;
  return scheme === "ssh" ? sshAddress(given, beside) : tcpAddress(given, beside);
}

function sshAddress(url: RemoteUrl, { options }: Beside): SshAddress {
  const socketPath = decoded(url.path);
  if (socketPath !== "" && options.sshOptions !== undefined)
    throw invalidOption("engine.host", "a path", "a host alone, where sshOptions are given");
  return {
    kind: "ssh",
    host: url.host,
    port: options.port ?? url.port,
    username: options.username ?? url.username,
    socketPath: socketPath === "" ? undefined : socketPath,
    options: options.sshOptions,
  };
}

async function tcpAddress(url: RemoteUrl, beside: Beside): Promise<Address> {
  const { options, tlsEnv } = beside;
  const port = options.port ?? url.port;
  const explicit = defined({ ca: options.ca, cert: options.cert, key: options.key });
  const asksForTls =
    options.protocol === undefined
      ? Object.keys(explicit).length > 0 ||
        beside.tls !== undefined ||
        url.scheme === "https" ||
        (tlsEnv !== undefined && wantsTls(tlsEnv)) ||
        port === 2376
      : options.protocol === "https";
  const fromFiles = asksForTls && tlsEnv !== undefined ? await readTlsOf(tlsEnv) : beside.tls;
  return {
    kind: "tcp",
    host: url.host,
    port: port ?? defaultPort(url.scheme, asksForTls),
    pathPrefix: prefixOf(url.path === "" ? (beside.pathPrefix ?? "") : url.path),
    tls: asksForTls ? { ...fromFiles, ...explicit } : undefined,
  };
}

function defaultPort(scheme: RemoteUrl["scheme"], tls: boolean): number {
  if (scheme === "http") return 80;
  if (scheme === "https") return 443;
  return tls ? 2376 : 2375;
}

/** With a slash at its beginning and none at its end; empty for none. */
function prefixOf(path: string): string {
  const bare = path.replace(/^\/+|\/+$/g, "");
  return bare === "" ? "" : `/${bare}`;
}

async function usualSocket(env: Environment): Promise<Address> {
  return { kind: "socket", ...(await findUsualSocket(env)) };
}

function isGiven(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}

function defined(tls: Tls): Tls {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}
