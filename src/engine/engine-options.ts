import { types } from "node:util";
import { MAX_TIMER_MS, checkKeys, checkNumber, isOptions } from "../checks.ts";
import { invalidOption } from "../errors.ts";
import { contextNameIn, parseEngineUrl } from "./engine-url.ts";

/** Where docker-modem connects; an explicit field always wins over the DOCKER_* variables. */
export interface EngineOptions {
  /** A unix socket or named pipe. Not together with `host`. */
  socketPath?: string;
  /** A host name, an address, or an URL such as "tcp://10.0.0.5:2375". */
  host?: string;
  /** Default 2375, with TLS 2376, with ssh 22. */
  port?: number;
  /** Default "https" where `ca`, `cert` or `key` is given, else "http". */
  protocol?: "http" | "https" | "ssh";
  /** PEM: the authority that signed the engine's certificate. */
  ca?: string | Buffer;
  /** PEM: the client's certificate. */
  cert?: string | Buffer;
  /** PEM: the client's key. */
  key?: string | Buffer;
  /** For ssh; default: the user's who runs this process. */
  username?: string;
  /**
   * What ssh2's `connect` takes: `privateKey`, `agent`, … With them ssh2 connects; without them the system's `ssh` does, with its
   * own settings, keys and agents. Without a `hostVerifier` the host's key has to be in ~/.ssh/known_hosts.
   */
  sshOptions?: Record<string, unknown>;
  /** The name of a Docker context. Not together with `host` or `socketPath`. */
  context?: string;
  /**
   * To the response headers, and then between any two pieces of an answer that has an end, in milliseconds; default 10,000. Six
   * times that to the headers for what is asked of a container while the engine starts it, and for all of a short answer.
   */
  connectTimeoutMs?: number;
}

/** Anything with docker-modem's `dial`: a `Modem`, or dockerode's `docker.modem`. It is never changed. */
export interface DockerModem {
  dial(options: object, callback: (error: unknown, result: unknown) => void): void;
}

/** A string: what DOCKER_HOST takes: `unix://`, `npipe://`, `tcp://`, `http(s)://`, `ssh://`, or HOST:PORT; or `context:NAME`. */
export type Engine = string | EngineOptions | DockerModem;

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

const texts = ["socketPath", "host", "username", "context"] as const;
const places = ["socketPath", "host", "context"] as const;
const secrets = ["ca", "cert", "key"] as const;
const known = [...texts, ...secrets, "port", "protocol", "sshOptions", "connectTimeoutMs"];

export function isModem(engine: Engine): engine is DockerModem {
  return typeof engine === "object" && "dial" in engine && typeof engine.dial === "function";
}

/** It connects only later: what is done to the caller's settings until then is no matter here. */
export function ownEngine(engine: Engine): Engine {
  return typeof engine === "string" || isModem(engine) ? engine : { ...engine };
}

/** To the response headers, in milliseconds. */
export function connectTimeoutOf(engine: Engine): number {
  const given = typeof engine === "string" || isModem(engine) ? undefined : engine.connectTimeoutMs;
  return given ?? DEFAULT_CONNECT_TIMEOUT_MS;
}

/**
 * `place`: the option that holds it, as errors name it: "engine", or "engines.NAME".
 *
 * @throws DockspoolError INVALID_OPTION, which shows no secret
 */
export function validateEngine(engine: Engine, place = "engine"): void {
  if (typeof engine === "string") {
    const context = contextNameIn(engine);
    if (context === undefined) parseEngineUrl(engine, place);
    else if (context === "") throw invalidOption(place, engine, "context:NAME");
    return;
  }
  if (typeof engine !== "object" || engine === null) {
    const allowed =
      "connection settings, an URL as DOCKER_HOST takes, or an object with docker-modem's dial()";
    throw invalidOption(place, engine, allowed);
  }
  if (isModem(engine)) return;
  checkKeys(place, engine, known);
  for (const name of texts) {
    const value: unknown = engine[name];
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      throw invalidOption(`${place}.${name}`, value, "a string that is not empty");
    }
  }
  for (const name of secrets) {
    const value: unknown = engine[name];
    if (value !== undefined && typeof value !== "string" && !types.isUint8Array(value)) {
      throw invalidOption(`${place}.${name}`, value, "PEM text or a Buffer");
    }
  }
  const { port, protocol, sshOptions, connectTimeoutMs } = engine;
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw invalidOption(`${place}.port`, port, "a whole number from 1 to 65535");
  }
  if (protocol !== undefined && !["http", "https", "ssh"].includes(protocol)) {
    throw invalidOption(`${place}.protocol`, protocol, '"http", "https" or "ssh"');
  }
  if (sshOptions !== undefined && !isOptions(sshOptions)) {
    throw invalidOption(`${place}.sshOptions`, sshOptions, "what ssh2's connect() takes");
  }
  if (connectTimeoutMs !== undefined)
    checkNumber(`${place}.connectTimeoutMs`, connectTimeoutMs, 1, MAX_TIMER_MS, "milliseconds");
  const given = places.filter((name) => engine[name] !== undefined);
  if (given.length > 1) {
    const fields = Object.fromEntries(given.map((name) => [name, engine[name]]));
    throw invalidOption(place, fields, "one of socketPath, host and context");
  }
}
