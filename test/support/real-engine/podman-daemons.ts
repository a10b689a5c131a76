import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { Daemon } from "./daemon.ts";
import { answersPing, makeDirectory } from "./daemons.ts";
import type { DaemonOptions, EngineDaemons } from "./daemons.ts";
import { Journald } from "./journald.ts";
import { obliterate, sweepOrphans } from "./leftovers.ts";
import { engineEnvironment, findProgram } from "./programs.ts";

const START_MS = 30_000;

/**
 * The `podman system service` that this process has started in a directory of its own. Containers live on without it, each below a
 * conmon. With a journal its events go there too: Podman's follows of the driver `journald` need that.
 */
export class PodmanDaemons implements EngineDaemons {
  readonly directory: string;
  readonly socketPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logPath: string;
  readonly #journald: Journald | undefined;
  readonly #exitHook: () => void;
  #service: Daemon | undefined;

  /** Makes the directory; starts nothing yet. */
  constructor(options: DaemonOptions) {
    sweepOrphans();
    this.directory = makeDirectory(options.directory);
    this.socketPath = join(this.directory, "podman.sock");
    this.logPath = join(this.directory, "podman.log");
    this.#journald = options.journald ? new Journald(this.directory) : undefined;
    this.env = podmanEnvironment(this.directory, options.binDirectory);
    this.#exitHook = () => obliterate(this.directory);
    process.once("exit", this.#exitHook);
  }

  async begin(): Promise<void> {
    writeSettings(this.directory, this.env, this.#journald === undefined ? "file" : "journald");
    await this.#journald?.start(this.env);
  }

  async startDaemon(): Promise<number> {
    const args = ["system", "service", "--time", "0", `unix://${this.socketPath}`];
    const run = this.#journald?.inside("podman", args) ?? { command: "podman", args };
    this.#service = new Daemon(run.command, run.args, { logPath: this.logPath, env: this.env });
    await this.#service.ready(() => answersPing(this.socketPath), START_MS);
    return this.#service.pid;
  }

  async endDaemon(signal: NodeJS.Signals): Promise<void> {
    await this.#service?.end(signal, 15_000);
  }

  async end(): Promise<void> {
    try {
      await this.endDaemon("SIGTERM");
      await this.#journald?.end();
    } finally {
      obliterate(this.directory);
      process.removeListener("exit", this.#exitHook);
    }
  }
}

/** Nothing of the machine's own Podman is read, and nothing of it is changed. */
function podmanEnvironment(directory: string, binDirectory: string | undefined): NodeJS.ProcessEnv {
  return {
    ...engineEnvironment(binDirectory),
    HOME: directory,
    XDG_CONFIG_HOME: configDirectory(directory),
    XDG_RUNTIME_DIR: join(directory, "runtime"),
    CONTAINERS_CONF: join(directory, "containers.conf"),
    CONTAINERS_STORAGE_CONF: join(directory, "storage.conf"),
    CONTAINERS_REGISTRIES_CONF: "/dev/null",
    PODMAN_IGNORE_CGROUPSV1_WARNING: "1",
  };
}

/** Podman looks for its policy there, whatever XDG_CONFIG_HOME says. */
function configDirectory(home: string): string {
  return join(home, ".config");
}

function writeSettings(
  directory: string,
  env: NodeJS.ProcessEnv,
  events: "file" | "journald",
): void {
  const path = (name: string): string => JSON.stringify(join(directory, name));
  const program = (name: string): string => JSON.stringify(findProgram(name, env) ?? name);
  const podman = findProgram("podman", env);
  const helpers = [...(podman === undefined ? [] : [dirname(podman)]), "/usr/lib/podman"];
  const containers = [
    "[containers]",
    // What it would set by default may be more than the machine has.
    "default_ulimits = []",
    "[engine]",
    'cgroup_manager = "cgroupfs"',
    `events_logger = "${events}"`,
    `conmon_path = [${program("conmon")}]`,
    `helper_binaries_dir = ${JSON.stringify(helpers)}`,
    'runtime = "runc"',
    // Where the process that tidies up behind a container looks for it, on 4.3.
    `static_dir = ${path("data/libpod")}`,
    `tmp_dir = ${path("tmp")}`,
    `volume_path = ${path("volumes")}`,
    "[engine.runtimes]",
    `runc = [${program("runc")}]`,
    // Where it is empty the process that tidies up takes its next argument for it, and locks a folder of that name where it stands.
    "[network]",
    `network_config_dir = ${path("networks")}`,
  ];
  const storage = [
    "[storage]",
    'driver = "overlay"',
    `graphroot = ${path("data")}`,
    `runroot = ${path("run")}`,
  ];
  mkdirSync(join(configDirectory(directory), "containers"), { recursive: true });
  mkdirSync(join(directory, "runtime"), { mode: 0o700 });
  writeFileSync(join(directory, "containers.conf"), `${containers.join("\n")}\n`);
  writeFileSync(join(directory, "storage.conf"), `${storage.join("\n")}\n`);
  writeFileSync(
    join(configDirectory(directory), "containers", "policy.json"),
    JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }),
  );
}
