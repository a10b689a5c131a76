import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "../free-port.ts";
import { Daemon } from "./daemon.ts";
import { DIRECTORY_PREFIX, markOwner, obliterate, sweepOrphans } from "./leftovers.ts";
import { accepts } from "./daemons.ts";
import { engineEnvironment, findProgram } from "./programs.ts";

export interface HaproxyOptions {
  /** `timeout client` and `timeout server`: a stream without a byte for that long is cut. Default: 10 minutes. */
  readonly quietMs?: number;
  /** `hard-stop-after`: how long streams that are open at a reload live on. Default: 500 ms. */
  readonly graceMs?: number;
  /** A configuration of its own, instead of what the other options say. */
  readonly configure?: (target: string, socketPath: string) => string;
  /** `option abortonclose`, without which a quiet stream that its client has closed stays open at the engine. Default: true. */
  readonly abortOnClose?: boolean;
}

const START_MS = 10_000;

/** Why HAProxy cannot be started here; undefined where it can. */
export function whyNoHaproxy(): string | undefined {
  const path = findProgram("haproxy", engineEnvironment());
  return path === undefined ? "haproxy is not installed" : undefined;
}

/**
 * A real HAProxy as an HTTP proxy in front of an engine's socket, with its own folder and configuration. It listens on a
 * unix socket and on a port of 127.0.0.1.
 */
export class Haproxy implements AsyncDisposable {
  readonly socketPath: string;
  readonly port: number;
  readonly #directory: string;
  readonly #exitHook: () => void;
  #daemon: Daemon | undefined;

  private constructor(target: string, port: number, options: HaproxyOptions) {
    sweepOrphans();
    this.#directory = mkdtempSync(join(tmpdir(), DIRECTORY_PREFIX));
    markOwner(this.#directory);
    this.#exitHook = () => obliterate(this.#directory);
    process.once("exit", this.#exitHook);
    this.socketPath = join(this.#directory, "proxy.sock");
    this.port = port;
    const { configure } = options;
    writeFileSync(
      this.#configPath,
      configure?.(target, this.socketPath) ?? configuration(target, this.socketPath, port, options),
    );
  }

  /** Starts one; `close()` ends it without a trace. The engine need not be there. */
  static async start(target: string, options: HaproxyOptions = {}): Promise<Haproxy> {
    const haproxy = new Haproxy(target, await freePort(), options);
    try {
      await haproxy.restart();
    } catch (error) {
      await haproxy.close();
      throw error;
    }
    return haproxy;
  }

  /** What it has written so far, on its standard output as well. */
  get log(): string {
    return readFileSync(join(this.#directory, "haproxy.log"), "utf8");
  }

  get pid(): number {
    if (this.#daemon === undefined) throw new Error("HAProxy does not run.");
    return this.#daemon.pid;
  }

  /** A new process takes over (`haproxy -sf`); resolves when the old one is gone, and with it the last old stream. */
  async reload(): Promise<void> {
    await this.#replace("-sf");
  }

  /** As `reload`, but every connection is cut at once (`haproxy -st`). */
  async cut(): Promise<void> {
    await this.#replace("-st");
  }

  /** Every connection is cut, and nothing listens until `restart()`. */
  async kill(): Promise<void> {
    await this.#daemon?.end("SIGKILL", START_MS);
    this.#daemon = undefined;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.#start([]);
  }

  async close(): Promise<void> {
    try {
      await this.kill();
    } finally {
      obliterate(this.#directory);
      process.removeListener("exit", this.#exitHook);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #configPath(): string {
    return join(this.#directory, "haproxy.cfg");
  }

  async #replace(how: "-sf" | "-st"): Promise<void> {
    const old = this.#daemon;
    if (old === undefined) throw new Error("HAProxy does not run.");
    await this.#start([how, String(old.pid)]);
    await old.ended;
  }

  async #start(args: readonly string[]): Promise<void> {
    // Its socket is renamed into place, so a new process has another one.
    const before = inodeOf(this.socketPath);
    const daemon = new Daemon("haproxy", ["-db", "-f", this.#configPath, ...args], {
      logPath: join(this.#directory, "haproxy.log"),
      env: engineEnvironment(),
    });
    this.#daemon = daemon;
    const isReady = async (): Promise<boolean> =>
      inodeOf(this.socketPath) !== before && (await accepts(this.socketPath));
    await daemon.ready(isReady, START_MS);
  }
}

/** As https://github.com/Tecnativa/docker-socket-proxy has it, and `abortonclose`. */
function configuration(
  target: string,
  socketPath: string,
  port: number,
  { quietMs = 600_000, graceMs = 500, abortOnClose = true }: HaproxyOptions,
): string {
  return `global
  maxconn 4000
  hard-stop-after ${graceMs}ms

defaults
  mode http
  option http-server-close
  ${abortOnClose ? "" : "no "}option abortonclose
  option redispatch
  retries 3
  timeout http-request 10s
  timeout queue 1m
  timeout connect 10s
  timeout client ${quietMs}ms
  timeout server ${quietMs}ms
  timeout http-keep-alive 10s

frontend docker
  bind unix@${socketPath}
  bind 127.0.0.1:${port}
  default_backend engine

backend engine
  server engine unix@${target}
`;
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
