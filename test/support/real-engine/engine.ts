import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { callApi, mustCallApi, numberField, stringField } from "./api.ts";
import type { ApiAnswer, ApiCall } from "./api.ts";
import { Haproxy } from "./haproxy.ts";
import { importImage } from "./image.ts";
import { answersPing } from "./daemons.ts";
import type { EngineDaemons } from "./daemons.ts";
import { DockerDaemons } from "./docker-daemons.ts";
import type { EngineHandle, EngineInfo, RealEngineOptions, RunOptions } from "./options.ts";
import { PodmanDaemons } from "./podman-daemons.ts";
import { engineEnvironment, findProgram, whyNoEngine } from "./programs.ts";
import type { EngineKind } from "./programs.ts";
import { throughHaproxy } from "./through.ts";

export type { EngineHandle, RunOptions } from "./options.ts";

/** What the kernel shows to programs, whatever it uses itself (man 5 proc, man 7 time). */
const CLOCK_TICKS_PER_SECOND = 100;

/**
 * A real Docker engine with its own data root, socket, pid file and containerd, or a real Podman with its own. What is called here goes to the engine
 * itself, also where `socketPath` is that of a proxy.
 */
export class RealEngine {
  readonly kind: EngineKind;
  readonly directory: string;
  /** For the library. */
  readonly socketPath: string;
  /** The engine's own. */
  readonly ownSocketPath: string;
  readonly #owned: EngineDaemons | undefined;
  readonly #proxy: Haproxy | undefined;
  readonly #containers = new Set<string>();
  #pid: number;
  #stopping: Promise<void> | undefined;

  private constructor(handle: EngineHandle, owned?: EngineDaemons, proxy?: Haproxy) {
    this.kind = handle.kind;
    this.directory = handle.directory;
    this.socketPath = handle.socketPath;
    this.ownSocketPath = handle.ownSocketPath;
    this.#pid = handle.pid;
    this.#owned = owned;
    this.#proxy = proxy;
  }

  /** Starts an engine, which `stop()` ends without a trace. Takes well under a second. */
  static async start(options: RealEngineOptions = {}): Promise<RealEngine> {
    const { kind = "docker", liveRestore = false, journald = false } = options;
    const { directory: wanted, binDirectory } = options;
    const reason = whyNoEngine(binDirectory, kind);
    if (reason !== undefined) throw new Error(`No engine can be started: ${reason}.`);
    const Daemons = kind === "docker" ? DockerDaemons : PodmanDaemons;
    const owned = new Daemons({ liveRestore, directory: wanted, binDirectory, journald });
    const { directory, socketPath: ownSocketPath } = owned;
    let proxy: Haproxy | undefined;
    try {
      if (throughHaproxy()) proxy = await Haproxy.start(ownSocketPath);
      const socketPath = proxy?.socketPath ?? ownSocketPath;
      const handle = { kind, directory, socketPath, ownSocketPath, pid: 0 };
      const engine = new RealEngine(handle, owned, proxy);
      await engine.#prepare(owned, options.version);
      return engine;
    } catch (error) {
      await proxy?.close();
      await owned.end();
      throw error;
    }
  }

  /** Uses an engine that another process started. Its `stop()` only removes the containers it has run itself. */
  static attach(handle: EngineHandle): RealEngine {
    return new RealEngine(handle);
  }

  /** The daemon's process id; another one after `startDaemon()`. */
  get pid(): number {
    return this.#pid;
  }

  get handle(): EngineHandle {
    const { kind, directory, socketPath, ownSocketPath, pid } = this;
    return { kind, directory, socketPath, ownSocketPath, pid };
  }

  /** What the daemon itself writes, debug messages included. */
  get daemonLogPath(): string {
    return join(this.directory, this.kind === "docker" ? "dockerd.log" : "podman.log");
  }

  /** Docker only: runs the `docker` command against this engine and gives what it prints. */
  async docker(args: readonly string[]): Promise<string> {
    const env = this.#owned?.env ?? engineEnvironment();
    const all = ["-H", `unix://${this.ownSocketPath}`, ...args];
    const { stdout } = await promisify(execFile)("docker", all, { env, maxBuffer: 1 << 30 });
    return stdout;
  }

  /** One call of the Engine API, whatever its status. */
  async api(call: ApiCall): Promise<ApiAnswer> {
    return await callApi(this.ownSocketPath, call);
  }

  /** Creates a container and starts it. Gives its id. */
  async run(options: RunOptions): Promise<string> {
    const id = await this.create(options);
    await this.start(id);
    return id;
  }

  async create(options: RunOptions): Promise<string> {
    const name = options.name === undefined ? "" : `?name=${encodeURIComponent(options.name)}`;
    const created = await mustCallApi(this.ownSocketPath, {
      method: "POST",
      path: `/containers/create${name}`,
      body: {
        Image: "bb:1",
        Cmd: options.command ?? ["sh", "-c", options.script],
        ...(options.user !== undefined && { User: options.user }),
        Tty: options.tty ?? false,
        Labels: options.labels ?? {},
        Env: Object.entries(options.env ?? {}).map((pair) => pair.join("=")),
        HostConfig: {
          NetworkMode: options.network ?? (this.kind === "docker" ? "host" : "none"),
          AutoRemove: options.rm ?? false,
          ...(options.mounts && { Binds: options.mounts }),
          ...(options.isBare === true && { CapDrop: ["ALL"], ReadonlyRootfs: true }),
          LogConfig: {
            Type: options.driver ?? (this.kind === "docker" ? "json-file" : "k8s-file"),
            Config: options.options ?? {},
          },
        },
      },
    });
    const id = stringField(created, "Id");
    this.#containers.add(id);
    return id;
  }

  /** Starts a stopped container again. */
  async start(id: string): Promise<void> {
    await this.#post(id, "start");
  }

  /** Without an id stops the engine; with one stops a container: SIGTERM, then SIGKILL after a second. */
  async stop(...container: [] | [id: string, timeoutSeconds?: number]): Promise<void> {
    if (container.length === 0) {
      await (this.#stopping ??= this.#stopEngine());
      return;
    }
    const [id, timeoutSeconds = 1] = container;
    await this.#post(id, `stop?t=${timeoutSeconds}`);
  }

  async kill(id: string, signal = "SIGKILL"): Promise<void> {
    await this.#post(id, `kill?signal=${signal}`);
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#post(id, `rename?name=${encodeURIComponent(name)}`);
  }

  /** Removes a container, also a running one. */
  async rm(id: string): Promise<void> {
    await mustCallApi(this.ownSocketPath, {
      method: "DELETE",
      path: `${pathOf(id)}?force=1&v=1`,
    });
    this.#containers.delete(id);
  }

  /** Removes a container that need not be there, at once. Podman stops it first, for ten seconds where it does not hear its signal. */
  async discard(id: string): Promise<void> {
    if (this.kind === "podman") await this.api({ method: "POST", path: `${pathOf(id)}/kill` });
    await this.api({ method: "DELETE", path: `${pathOf(id)}?force=1&v=1` });
    this.#containers.delete(id);
  }

  /** Waits until a container has ended and gives its exit code; at once where it is not running. */
  async wait(id: string, timeoutMs = 120_000): Promise<number> {
    if (this.kind === "podman") return await this.#lookUntilExited(id, timeoutMs);
    const path = `${pathOf(id)}/wait`;
    const answer = await mustCallApi(this.ownSocketPath, { method: "POST", path, timeoutMs });
    return numberField(answer, "StatusCode");
  }

  async version(): Promise<string> {
    const version = await mustCallApi(this.ownSocketPath, { method: "GET", path: "/version" });
    return stringField(version, "Version");
  }

  /** Docker only. */
  async info(): Promise<EngineInfo> {
    const info = await mustCallApi(this.ownSocketPath, { method: "GET", path: "/info" });
    return {
      NFd: numberField(info, "NFd"),
      NGoroutines: numberField(info, "NGoroutines"),
      ServerVersion: stringField(info, "ServerVersion"),
    };
  }

  /** CPU time that the daemon has used, user and system, in steps of 10 ms. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#pid}/stat`, "utf8");
    // Counted behind the command's name, which may hold spaces: 11 is utime, 12 is stime.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  }

  /** How many file descriptors the daemon has open. */
  fds(): number {
    return readdirSync(`/proc/${this.#pid}/fd`).length;
  }

  /** Docker only: the files of a container's json-file log, oldest first, rotated and compressed ones included. */
  async jsonLogPaths(id: string): Promise<string[]> {
    const inspected = await mustCallApi(this.ownSocketPath, {
      method: "GET",
      path: `${pathOf(id)}/json`,
    });
    const fullId = stringField(inspected, "Id");
    const folder = join(this.directory, "data", "containers", fullId);
    const current = `${fullId}-json.log`;
    const byAge = new Map<number, string>();
    for (const name of (await readdir(folder)).toSorted()) {
      if (name === current) byAge.set(0, name);
      const age = name.startsWith(current)
        ? /^\.(\d+)(\.gz)?$/.exec(name.slice(current.length))
        : null;
      // While a file is being compressed both are there: the plain one, sorted first, is the whole one.
      if (age !== null && !byAge.has(Number(age[1]))) byAge.set(Number(age[1]), name);
    }
    const ages = [...byAge].toSorted(([a], [b]) => b - a);
    return ages.map(([, name]) => join(folder, name));
  }

  /** Ends the daemon alone, as a crash would. Containers live on; `startDaemon` without live-restore ends them. */
  async killDaemon(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.#mustOwn().endDaemon(signal);
  }

  /** Starts the daemon again on the same directory, and waits until it answers. */
  async startDaemon(): Promise<void> {
    this.#pid = await this.#mustOwn().startDaemon();
  }

  async #prepare(owned: EngineDaemons, version: string | undefined): Promise<void> {
    await owned.begin();
    await this.startDaemon();
    const found = await this.version();
    if (version !== undefined && !`${found}.`.startsWith(`${version}.`)) {
      throw new Error(`The engine installed is ${found}, not ${version}.`);
    }
    const busybox = findProgram("busybox", owned.env) ?? "busybox";
    await importImage(this.ownSocketPath, busybox, join(this.directory, "image"));
  }

  async #stopEngine(): Promise<void> {
    const owned = this.#owned;
    if (owned === undefined) {
      await this.#removeContainers([...this.#containers]);
      return;
    }
    try {
      if (await answersPing(this.ownSocketPath))
        await this.#removeContainers(await this.#everyId());
    } finally {
      await this.#proxy?.close();
      await owned.end();
    }
  }

  /** Podman 4.3 answers a question for the exit up to twenty seconds late. */
  async #lookUntilExited(id: string, timeoutMs: number): Promise<number> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = await this.api({ method: "GET", path: `${pathOf(id)}/json` });
      // Podman: the process ends while it is looked at.
      if (found.status === 500 && found.text.includes("no such process")) continue;
      if (found.status !== 200) throw new Error(`${id}: ${found.status} ${found.text.trim()}`);
      const { State: state } = JSON.parse(found.text);
      // While it handles its SIGTERM it counts as running or stopping.
      if (["created", "exited", "stopped"].includes(stringField(state, "Status")))
        return numberField(state, "ExitCode");
      if (performance.now() > deadline) throw new Error(`${id} has not ended: ${found.text}`);
      await delay(50);
    }
  }

  async #everyId(): Promise<string[]> {
    const list = await mustCallApi(this.ownSocketPath, {
      method: "GET",
      path: "/containers/json?all=1",
    });
    return Array.isArray(list) ? list.map((entry: unknown) => stringField(entry, "Id")) : [];
  }

  /** A few at a time; what is gone already, or does not go, is no failure here. */
  async #removeContainers(ids: string[]): Promise<void> {
    const worker = async (): Promise<void> => {
      for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
        await this.discard(id);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  }

  async #post(id: string, action: string): Promise<void> {
    await mustCallApi(this.ownSocketPath, { method: "POST", path: `${pathOf(id)}/${action}` });
  }

  #mustOwn(): EngineDaemons {
    if (this.#owned !== undefined) return this.#owned;
    throw new Error("The engine is shared: start one of your own to end its daemon.");
  }
}

function pathOf(id: string): string {
  if (!/^[\w.-]+$/.test(id)) throw new TypeError(`No container is called ${JSON.stringify(id)}.`);
  return `/containers/${id}`;
}
