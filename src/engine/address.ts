import { access, readFile } from "node:fs/promises";
import { homedir, platform } from "node:os";
import { join } from "node:path";
import { DockspoolError } from "../errors.ts";
import type { EngineOptions } from "./engine-options.ts";
import { parseEngineUrl } from "./engine-url.ts";
import type { EngineUrl } from "./engine-url.ts";

interface Tls {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

/** Where the engine is to be found. */
export type Address =
  | { readonly kind: "socket"; readonly path: string; readonly tried: readonly string[] }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly pathPrefix: string;
      readonly tls: Tls | undefined;
    }
  | {
      readonly kind: "ssh";
      readonly host: string;
      readonly port: number;
      readonly username: string | undefined;
      readonly options: Readonly<Record<string, unknown>>;
    };

type Environment = Readonly<Record<string, string | undefined>>;

export function showAddress(address: Address): string {
  if (address.kind === "socket") return `unix://${address.path}`;
  if (address.kind === "ssh") return `ssh://${address.host}:${address.port}`;
  return `${address.tls === undefined ? "http" : "https"}://${address.host}:${address.port}`;
}

/**
 * Brings the options and, where they say nothing, DOCKER_HOST (`unix://`, `npipe://`, `tcp://`, `http(s)://`, `ssh://`,
 * or host:port) and the usual sockets to one address. A string is taken as DOCKER_HOST is.
 *
 * @throws DockspoolError INVALID_OPTION where DOCKER_HOST or DOCKER_CERT_PATH can't be used.
 */
export async function findAddress(
  engine: string | EngineOptions,
  env: Environment = process.env,
): Promise<Address> {
  if (typeof engine === "string") return addressOf(parseEngineUrl(engine, "engine"), {}, env);
  const { socketPath, host } = engine;
  if (socketPath !== undefined) return { kind: "socket", path: socketPath, tried: [socketPath] };
  if (host !== undefined) return addressOf(parseEngineUrl(host, "engine.host"), engine, {});
  const variable = env["DOCKER_HOST"];
  if (variable === undefined || variable === "") return usualSocket(env);
  return addressOf(parseEngineUrl(variable, "DOCKER_HOST"), engine, env);
}

async function addressOf(
  given: EngineUrl,
  options: EngineOptions,
  env: Environment,
): Promise<Address> {
  if (given.kind === "remote") return remote(given.url, options, env);
  const { path } = given;
  return path === "" ? usualSocket(env) : { kind: "socket", path, tried: [path] };
}

async function remote(url: URL, options: EngineOptions, env: Environment): Promise<Address> {
  const scheme = url.protocol.slice(0, -1);
  const port = options.port ?? (url.port === "" ? undefined : Number(url.port));
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if ((options.protocol ?? scheme) === "ssh") {
    const username = options.username ?? (url.username === "" ? undefined : decoded(url.username));
    const agent = env["SSH_AUTH_SOCK"] ?? process.env["SSH_AUTH_SOCK"];
    return {
      kind: "ssh",
      host,
      port: port ?? 22,
      username,
      options: { agent, ...options.sshOptions },
    };
  }
  const explicit: Tls = { ca: options.ca, cert: options.cert, key: options.key };
  const hasExplicit = Object.values(explicit).some((value) => value !== undefined);
  const wantsTls =
    options.protocol === undefined
      ? hasExplicit || scheme === "https" || truthy(env["DOCKER_TLS_VERIFY"]) || port === 2376
      : options.protocol === "https";
  const fromFiles = wantsTls ? await certificates(env) : {};
  const tls = wantsTls ? { ...fromFiles, ...defined(explicit) } : undefined;
  const path = env["DOCKER_PATH_PREFIX"] ?? url.pathname;
  return {
    kind: "tcp",
    host,
    port: port ?? defaultPort(scheme, wantsTls),
    pathPrefix: path === "" ? "/" : path,
    tls,
  };
}

function defaultPort(scheme: string, tls: boolean): number {
  if (scheme === "http") return 80;
  if (scheme === "https") return 443;
  return tls ? 2376 : 2375;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function certificates(env: Environment): Promise<Tls> {
  const folder = env["DOCKER_CERT_PATH"];
  if (folder === undefined || folder === "") return {};
  try {
    const [ca, cert, key] = await Promise.all(
      ["ca.pem", "cert.pem", "key.pem"].map((name) => readFile(join(folder, name))),
    );
    return { ca, cert, key };
  } catch (error) {
    throw new DockspoolError(
      "INVALID_OPTION",
      `Variable "DOCKER_CERT_PATH" was given ${JSON.stringify(folder)}; allowed: a folder with ca.pem, cert.pem and key.pem that can be read.`,
      { cause: error },
    );
  }
}

/** Where engines listen: system-wide, rootless, Docker Desktop (macOS, Linux), Podman. */
function usualSockets(env: Environment): string[] {
  if (platform() === "win32") return ["//./pipe/docker_engine"];
  const runtime = env["XDG_RUNTIME_DIR"] ?? `/run/user/${process.getuid?.() ?? 0}`;
  return [
    "/var/run/docker.sock",
    join(runtime, "docker.sock"),
    join(homedir(), ".docker/run/docker.sock"),
    join(homedir(), ".docker/desktop/docker.sock"),
    join(runtime, "podman/podman.sock"),
    "/run/podman/podman.sock",
  ];
}

async function usualSocket(env: Environment): Promise<Address> {
  const candidates = usualSockets(env);
  for (const path of candidates) {
    if (await exists(path)) return { kind: "socket", path, tried: candidates };
  }
  return { kind: "socket", path: candidates[0] ?? "/var/run/docker.sock", tried: candidates };
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function truthy(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}

function defined(tls: Tls): Tls {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}
