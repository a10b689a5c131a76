import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { callApi } from "./api.ts";
import { Daemon } from "./daemon.ts";
import { DIRECTORY_PREFIX, markOwner, obliterate, sweepOrphans } from "./leftovers.ts";
import { engineEnvironment } from "./programs.ts";

export interface DaemonOptions {
  readonly liveRestore: boolean;
  readonly directory: string | undefined;
  readonly binDirectory: string | undefined;
}

/** Bytes that a unix socket's path may have, less the longest name below an engine's directory. */
const LONGEST_DIRECTORY = 107 - "/exec/libnetwork/0123456789ab.sock".length;
const START_MS = 30_000;

/** The dockerd and the containerd that this process has started in a directory of their own. */
export class OwnedDaemons {
  readonly directory: string;
  readonly socketPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #liveRestore: boolean;
  readonly #exitHook: () => void;
  #containerd: Daemon | undefined;
  #dockerd: Daemon | undefined;

  /** Makes the directory; starts nothing yet. */
  constructor(options: DaemonOptions) {
    sweepOrphans();
    this.directory = makeDirectory(options.directory);
    this.socketPath = join(this.directory, "docker.sock");
    this.env = engineEnvironment(options.binDirectory);
    this.#liveRestore = options.liveRestore;
    this.#exitHook = () => obliterate(this.directory);
    process.once("exit", this.#exitHook);
  }

  /** Without a containerd of its own, the daemon would take the machine's where that is running. */
  async startContainerd(): Promise<void> {
    const config = join(this.directory, "containerd.toml");
    const socketPath = join(this.directory, "containerd.sock");
    const settings = [
      "version = 2",
      `root = ${JSON.stringify(join(this.directory, "containerd"))}`,
      `state = ${JSON.stringify(join(this.directory, "containerd-state"))}`,
      // The second one would make a folder in /opt.
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
      "[grpc]",
      `address = ${JSON.stringify(socketPath)}`,
    ];
    writeFileSync(config, `${settings.join("\n")}\n`);
    this.#containerd = new Daemon("containerd", ["--config", config], {
      logPath: join(this.directory, "containerd.log"),
      env: this.env,
    });
    await this.#containerd.ready(() => accepts(socketPath), START_MS);
  }

  /** Gives the process id once the daemon answers. */
  async startDockerd(): Promise<number> {
    const { directory } = this;
    const config = join(directory, "daemon.json");
    const pidFile = join(directory, "docker.pid");
    writeFileSync(config, "{}");
    await rm(pidFile, { force: true });
    const args = [
      `--config-file=${config}`,
      `--data-root=${join(directory, "data")}`,
      `--exec-root=${join(directory, "exec")}`,
      `--pidfile=${pidFile}`,
      `--containerd=${join(directory, "containerd.sock")}`,
      `--host=unix://${this.socketPath}`,
      "--bridge=none",
      "--iptables=false",
      "--debug",
      ...(this.#liveRestore ? ["--live-restore"] : []),
    ];
    this.#dockerd = new Daemon("dockerd", args, {
      logPath: join(directory, "dockerd.log"),
      env: this.env,
    });
    await this.#dockerd.ready(() => answersPing(this.socketPath), START_MS);
    return this.#dockerd.pid;
  }

  async endDockerd(signal: NodeJS.Signals): Promise<void> {
    await this.#dockerd?.end(signal, 15_000);
  }

  /** Ends both in order, then whatever survived them, and deletes the directory. */
  async end(): Promise<void> {
    try {
      await this.endDockerd("SIGTERM");
      await this.#containerd?.end("SIGTERM", 5_000);
    } finally {
      obliterate(this.directory);
      process.removeListener("exit", this.#exitHook);
    }
  }
}

function makeDirectory(wanted: string | undefined): string {
  const directory = wanted ?? mkdtempSync(join(tmpdir(), DIRECTORY_PREFIX));
  if (wanted !== undefined) mkdirSync(directory);
  markOwner(directory);
  if (Buffer.byteLength(directory) > LONGEST_DIRECTORY) {
    obliterate(directory);
    throw new Error(
      `${directory} is too long for unix sockets (at most ${LONGEST_DIRECTORY} bytes): set TMPDIR to a shorter one.`,
    );
  }
  return directory;
}

export async function answersPing(socketPath: string): Promise<boolean> {
  try {
    const call = { method: "GET", path: "/_ping", timeoutMs: 2_000 } as const;
    return (await callApi(socketPath, call)).status === 200;
  } catch {
    return false;
  }
}

/** Whether something listens there. */
export function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
