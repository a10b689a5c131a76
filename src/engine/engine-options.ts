import { types } from "node:util";
import { checkKeys } from "../checks.ts";
import { invalidOption } from "../errors.ts";

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
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  /** For ssh; default: the user's who runs this process. */
  username?: string;
  /** What ssh2's `connect` takes: `privateKey`, `agent`, … Without a `hostVerifier` any host's key will do. */
  sshOptions?: Record<string, unknown>;
  /**
   * To the response headers, in milliseconds; default 10,000. Six times that for what is asked of a container while the engine
   * starts it.
   */
  connectTimeoutMs?: number;
}

/** Anything with docker-modem's `dial`: a `Modem`, or dockerode's `docker.modem`. It is never changed. */
export interface DockerModem {
  dial(options: object, callback: (error: unknown, result: unknown) => void): void;
}

export type Engine = EngineOptions | DockerModem;

export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

const texts = ["socketPath", "host", "username"] as const;
const secrets = ["ca", "cert", "key"] as const;
const known = [...texts, ...secrets, "port", "protocol", "sshOptions", "connectTimeoutMs"];

export function isModem(engine: Engine): engine is DockerModem {
  return "dial" in engine && typeof engine.dial === "function";
}

/** `place`: where it stands, such as "engines.b". @throws DockspoolError INVALID_OPTION */
export function validateEngine(engine: Engine, place = "engine"): void {
  if (typeof engine !== "object" || engine === null) {
    // It may hold a password.
    throw invalidOption(
      place,
      typeof engine === "string" ? "a string" : engine,
      "connection settings, or an object with docker-modem's dial()",
    );
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
      throw invalidOption(`${place}.${name}`, "something else", "PEM text or a Buffer");
    }
  }
  const { port, protocol, connectTimeoutMs } = engine;
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw invalidOption(`${place}.port`, port, "a whole number from 1 to 65535");
  }
  if (protocol !== undefined && !["http", "https", "ssh"].includes(protocol)) {
    throw invalidOption(`${place}.protocol`, protocol, '"http", "https" or "ssh"');
  }
  if (
    connectTimeoutMs !== undefined &&
    !(Number.isFinite(connectTimeoutMs) && connectTimeoutMs > 0)
  ) {
    throw invalidOption(`${place}.connectTimeoutMs`, connectTimeoutMs, "milliseconds above 0");
  }
  if (engine.socketPath !== undefined && engine.host !== undefined) {
    throw invalidOption(
      place,
      { socketPath: engine.socketPath, host: engine.host },
      "either socketPath or host",
    );
  }
}
