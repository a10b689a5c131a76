import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { Daemon } from "./daemon.ts";
import { accepts, answersPing, makeDirectory } from "./daemons.ts";
import type { DaemonOptions, EngineDaemons } from "./daemons.ts";
import { Journald } from "./journald.ts";
import { obliterate, sweepOrphans } from "./leftovers.ts";
import { engineEnvironment } from "./programs.ts";

const START_MS = 30_000;

/** The dockerd and the containerd that this process has started in a directory of their own. */
export class DockerDaemons implements EngineDaemons {
  readonly directory: string;
  readonly socketPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logPath: string;
  readonly #liveRestore: boolean;
  readonly #exitHook: () => void;
  readonly #journald: Journald | undefined;
  #containerd: Daemon | undefined;
  #dockerd: Daemon | undefined;

  /** Makes the directory; starts nothing yet. */
  constructor(options: DaemonOptions) {
    sweepOrphans();
    this.directory = makeDirectory(options.directory);
    this.socketPath = join(this.directory, "docker.sock");
    this.logPath = join(this.directory, "dockerd.log");
    this.env = engineEnvironment(options.binDirectory);
    this.#liveRestore = options.liveRestore;
    this.#journald = options.journald ? new Journald(this.directory) : undefined;
    this.#exitHook = () => obliterate(this.directory);
    process.once("exit", this.#exitHook);
  }

  /** Without a containerd of its own, the daemon would take the machine's where that is running. */
  async begin(): Promise<void> {
    await this.#journald?.start(this.env);
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
    const logPath = join(this.directory, "containerd.log");
    this.#containerd = this.#daemon("containerd", ["--config", config], logPath);
    await this.#containerd.ready(() => accepts(socketPath), START_MS);
  }

  async startDaemon(): Promise<number> {
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
    this.#dockerd = this.#daemon("dockerd", args, this.logPath);
    await this.#dockerd.ready(() => answersPing(this.socketPath), START_MS);
    return this.#dockerd.pid;
  }

  async endDaemon(signal: NodeJS.Signals): Promise<void> {
    await this.#dockerd?.end(signal, 15_000);
  }

  /** Ends all in order, then whatever survived them, and deletes the directory. */
  async end(): Promise<void> {
    try {
      await this.endDaemon("SIGTERM");
      await this.#containerd?.end("SIGTERM", 5_000);
      await this.#journald?.end();
    } finally {
      obliterate(this.directory);
      process.removeListener("exit", this.#exitHook);
    }
  }

  #daemon(command: string, args: readonly string[], logPath: string): Daemon {
    const run = this.#journald?.inside(command, args) ?? { command, args };
    return new Daemon(run.command, run.args, { logPath, env: this.env });
  }
}
