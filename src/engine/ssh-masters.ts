import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../errors.ts";
import { soon } from "./closing.ts";
import type { SshAddress } from "./address.ts";
import { SSH, exitArguments, masterArguments, sharingFlags, sshArguments } from "./ssh-command.ts";
import { MAX_STDERR, SSH_MISSING, sshError, sshFailure } from "./ssh-complaint.ts";

/** sshd allows ten sessions on a connection (`MaxSessions`). */
const MAX_SESSIONS = 8;
/** A connection that nobody uses ends by itself, also where this process was killed. */
const IDLE_SECONDS = 60;
/** To be let in; ssh's own limit is for the time until the host speaks. */
const CONNECT_WITHIN_MS = 60_000;
/** For ssh to end what it is told to end. */
const EXIT_WITHIN_MS = 2_000;
/** A socket's path has room for so much, and ssh makes it with a longer name first. */
const MAX_FOLDER = 104 - 24;

/** The right to run one command there, until it is released. */
export interface SshSession {
  readonly args: readonly string[];
  readonly release: () => void;
}

/** A connection that several sessions share. */
interface Master {
  readonly path: string;
  readonly ready: Promise<void>;
  state: "starting" | "running";
  sessions: number;
}

/** The connections to one host: few, each shared by several sessions, by ssh's ControlMaster where it has that. */
export class SshMasters {
  readonly #address: SshAddress;
  readonly #masters = new Set<Master>();
  readonly #life = new AbortController();
  /** Of each session, its release. */
  readonly #sessions = new Set<Promise<void>>();
  #folder: Promise<string> | undefined;
  #made = 0;
  #ending: Promise<void> | undefined;

  constructor(address: SshAddress) {
    this.#address = address;
  }

  /** @throws what keeps ssh from being let in */
  async session(): Promise<SshSession> {
    this.#life.signal.throwIfAborted();
    const folder = platform() === "win32" ? undefined : await this.#ownFolder();
    this.#life.signal.throwIfAborted();
    if (folder === undefined || folder.length > MAX_FOLDER)
      return { args: sshArguments(this.#address), release: this.#count() };
    const master = this.#free() ?? this.#start(folder);
    const release = this.#count(master);
    try {
      await master.ready;
    } catch (error) {
      release();
      throw error;
    }
    return { args: sshArguments(this.#address, sharingFlags(master.path)), release };
  }

  /** Ends all connections and leaves nothing behind. Never rejects. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Counts a session until it is released. */
  #count(master?: Master): () => void {
    let over: (() => void) | undefined;
    const session = new Promise<void>((resolve) => {
      over = resolve;
    });
    this.#sessions.add(session);
    if (master !== undefined) master.sessions++;
    return () => {
      if (!this.#sessions.delete(session)) return;
      if (master !== undefined) master.sessions--;
      over?.();
    };
  }

  #ownFolder(): Promise<string> {
    // Others are kept out by its mode, 0700.
    this.#folder ??= mkdtemp(join(tmpdir(), "dockspool-ssh-"));
    return this.#folder;
  }

  #free(): Master | undefined {
    for (const master of this.#masters) {
      if (master.state === "running" && !existsSync(master.path)) this.#masters.delete(master);
      else if (master.sessions < MAX_SESSIONS) return master;
    }
    return undefined;
  }

  #start(folder: string): Master {
    const path = join(folder, String(this.#made++));
    const master: Master = {
      path,
      ready: connect(masterArguments(this.#address, path, IDLE_SECONDS), this.#life.signal),
      state: "starting",
      sessions: 0,
    };
    this.#masters.add(master);
    master.ready.then(
      () => {
        master.state = "running";
      },
      () => this.#masters.delete(master),
    );
    return master;
  }

  async #end(): Promise<void> {
    this.#life.abort(new Error("the connection was given up"));
    await soon(Promise.all(this.#sessions));
    if (this.#folder === undefined) return;
    try {
      const folder = await this.#folder;
      await Promise.all(Array.from(this.#masters, (master) => this.#stop(master)));
      await rm(folder, { recursive: true, force: true });
    } catch {
      // There never was a folder, or somebody else has removed it.
    }
  }

  async #stop({ ready, path }: Master): Promise<void> {
    await ready.catch(() => {});
    if (!existsSync(path)) return;
    await run(exitArguments(this.#address.host, path), AbortSignal.timeout(EXIT_WITHIN_MS));
    const until = performance.now() + EXIT_WITHIN_MS;
    // It removes its socket when it ends.
    while (existsSync(path) && performance.now() < until) await sleep(5);
  }
}

/** Resolves when the host has let ssh in, which goes on in the background. @throws what ssh says */
async function connect(args: readonly string[], signal: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(CONNECT_WITHIN_MS);
  const { code, stderr } = await run(args, AbortSignal.any([signal, timeout]));
  signal.throwIfAborted();
  if (timeout.aborted) throw new Error(`ssh was not let in within ${CONNECT_WITHIN_MS} ms`);
  if (code !== 0) throw sshFailure(code, stderr);
}

/** ssh's exit code, 255 where it was ended. @throws where there is no ssh */
async function run(
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly stderr: string }> {
  const child = spawn(SSH, args, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (bytes: Buffer) => {
    stderr = (stderr + bytes.toString()).slice(0, MAX_STDERR);
  });
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  try {
    // Not "close": what goes to the background may keep stderr open.
    await once(child, "exit");
    await new Promise(setImmediate);
    return { code: child.exitCode ?? 255, stderr };
  } catch (error) {
    throw missing(error);
  } finally {
    signal.removeEventListener("abort", kill);
    child.stderr.destroy();
  }
}

/** There is no ssh to run. */
export function missing(error: unknown): Error {
  const code = codeOf(error);
  const why = code === "ENOENT" ? "there is no program `ssh` on the PATH" : `\`ssh\`: ${code}`;
  return sshError(SSH_MISSING, `${why}. Install OpenSSH's client, or give sshOptions`, error);
}
