import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./fake-follow.ts";
import { freePort } from "./free-port.ts";

const run = promisify(execFile);
const SSHD = "/usr/sbin/sshd";

/** OpenSSH's server is installed. */
export const hasSshd: boolean = existsSync(SSHD);
/** The docker command, where there is one: else a small program does what it does. */
const docker = [...(process.env["PATH"] ?? "").split(delimiter)]
  .map((folder) => join(folder, "docker"))
  .find((path) => existsSync(path));

const DIAL_STDIO = `#!${process.execPath}
const given = process.argv.find((argument) => argument.startsWith("--host=unix://"));
const path = given?.slice("--host=unix://".length) ?? process.env.DOCKER_HOST.slice("unix://".length);
const socket = require("node:net").connect(path);
socket.on("error", (error) => { process.stderr.write(error.message + "\\n"); process.exit(1); });
socket.on("close", () => process.exit(0));
process.stdin.pipe(socket);
socket.pipe(process.stdout);
`;

/**
 * A host of its own on loopback: OpenSSH's server, with an engine's socket behind the docker command there. The client's ssh has
 * settings of its own, too: a wrapper that stands first in the PATH of this process until the end.
 */
export class Sshd implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly #server: ChildProcess;
  readonly #formerly: { readonly PATH: string | undefined; readonly TMPDIR: string | undefined };
  #log = "";

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
    this.#server = spawn(SSHD, ["-D", "-e", "-f", join(folder, "sshd_config")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#server.stderr?.on("data", (bytes: Buffer) => {
      this.#log += bytes.toString();
    });
    this.#formerly = { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"] };
    process.env["PATH"] = [join(folder, "client"), process.env["PATH"]].join(delimiter);
    process.env["TMPDIR"] = join(folder, "tmp");
  }

  /** `settings`: more lines for sshd_config. */
  static async start(socketPath: string, settings: readonly string[] = []): Promise<Sshd> {
    const folder = await mkdtemp(join(tmpdir(), "dockspool-sshd-"));
    const port = await freePort();
    for (const name of ["bin", "client", "tmp"]) await mkdir(join(folder, name));
    // As root it gives up its rights in there.
    if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true });
    await Promise.all(["host_key", "user_key", "other_key"].map((name) => makeKey(folder, name)));
    await writeFile(join(folder, "authorized_keys"), await publicKey(folder, "user_key"));
    // With this SHLVL bash leaves out the user's own settings, which may bring another docker command.
    const sshd = [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${join(folder, "host_key")}`,
      `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
      `PidFile ${join(folder, "sshd.pid")}`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "MaxStartups 200",
      `SetEnv SHLVL=9 PATH=${join(folder, "bin")} DOCKER_HOST=unix://${socketPath} DOCKER_CONFIG=${folder}`,
      ...settings,
    ];
    await writeFile(join(folder, "sshd_config"), lines(sshd));
    const client = [
      "Host behind jump",
      "  HostName 127.0.0.1",
      `  Port ${port}`,
      "Host behind",
      "  ProxyJump jump",
      "Host *",
      `  IdentityFile ${join(folder, "user_key")}`,
      "  IdentitiesOnly yes",
      `  UserKnownHostsFile ${join(folder, "known_hosts")}`,
      "  GlobalKnownHostsFile /dev/null",
    ];
    await writeFile(join(folder, "ssh_config"), lines(client));
    const ssh = `#!/bin/sh\nexec /usr/bin/ssh -F ${join(folder, "ssh_config")} "$@"\n`;
    await writeProgram(join(folder, "client/ssh"), ssh);
    const host = new Sshd(folder, port);
    await host.setDocker();
    await host.setKnownHost("host_key");
    await eventually(() => /Server listening/.test(host.#log), "a listening sshd");
    return host;
  }

  /** As DOCKER_HOST takes it. */
  get url(): string {
    return `ssh://${userInfo().username}@127.0.0.1:${this.port}`;
  }

  /** How often somebody was let in. */
  get letIn(): number {
    return this.#log.split("Accepted publickey").length - 1;
  }

  /** What the host has for a docker command; "": none. */
  async setDocker(script?: string): Promise<void> {
    const path = join(this.folder, "bin/docker");
    const real = docker === undefined ? DIAL_STDIO : `#!/bin/sh\nexec ${docker} "$@"\n`;
    if (script === "") await rm(path);
    else await writeProgram(path, script ?? real);
  }

  /** What the client takes for the host's key: that of a file in the folder; undefined: none is known. */
  async setKnownHost(key: string | undefined): Promise<void> {
    const line =
      key === undefined ? "" : `[127.0.0.1]:${this.port} ${await publicKey(this.folder, key)}`;
    await writeFile(join(this.folder, "known_hosts"), line);
  }

  /** Whose keys are let in. */
  async setAuthorized(isAuthorized: boolean): Promise<void> {
    const path = join(this.folder, "authorized_keys");
    await writeFile(path, isAuthorized ? await publicKey(this.folder, "user_key") : "");
  }

  /** The client's processes of ssh, by their ids: those that share a connection, and those that hold one for them. */
  processes(): { readonly sessions: number[]; readonly masters: number[] } {
    const [sessions, masters]: [number[], number[]] = [[], []];
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const command = commandOf(name);
      // A session of the server's has the folder in its arguments, too.
      if (!command.includes(this.folder) || !/^(\/usr\/bin\/)?ssh[: \0]/.test(command)) continue;
      (command.includes("ControlMaster=yes") ? masters : sessions).push(Number(name));
    }
    return { sessions, masters };
  }

  /** Kills what `processes` shows, as a bad day does. */
  kill(kind: "sessions" | "masters"): void {
    for (const pid of this.processes()[kind]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  /** No program, and no folder of the client's is left. */
  async nothingLeft(): Promise<void> {
    const isNothing = (): boolean => Object.values(this.processes()).flat().length === 0;
    await eventually(isNothing, "the end of all processes of ssh");
    await eventually(() => readdirSync(join(this.folder, "tmp")).length === 0, "an empty folder");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, value] of Object.entries(this.#formerly)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    // Of a test that has failed.
    for (const kind of ["sessions", "masters"] as const) this.kill(kind);
    if (this.#server.exitCode === null) {
      const over = once(this.#server, "exit");
      this.#server.kill();
      await over;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

function lines(text: readonly string[]): string {
  return `${text.join("\n")}\n`;
}

async function makeKey(folder: string, name: string): Promise<void> {
  const args = ["-q", "-t", "ed25519", "-N", "", "-C", "dockspool-test", "-f", join(folder, name)];
  await run("ssh-keygen", args);
}

/** As authorized_keys has it, and known_hosts behind a name. */
function publicKey(folder: string, name: string): Promise<string> {
  return readFile(join(folder, `${name}.pub`), "utf8");
}

async function writeProgram(path: string, text: string): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
