import { chownSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { Daemon } from "../real-engine/daemon.ts";
import { DIRECTORY_PREFIX, markOwner, obliterate, sweepOrphans } from "../real-engine/leftovers.ts";
import { engineEnvironment, findProgram } from "../real-engine/programs.ts";
import { skipped } from "../skipped.ts";

const START_MS = 60_000;
const END_MS = 10_000;

/** A suite for which a program has to be installed; skipped, with a line that says so, where it is not. */
export function describeWithProgram(
  name: string,
  program: string | undefined,
  body: () => void,
): void {
  if (program === undefined) skipped(`${name}: skipped, the server's program is not installed`);
  describe.skipIf(program === undefined)(name, body);
}

/** A server of Debian's with a folder of its own, which goes with it. */
export class Server implements AsyncDisposable {
  readonly directory: string;
  readonly #exitHook: () => void;
  #daemon: Daemon | undefined;

  /** `owner`: who may write to the folder, by user and group. */
  constructor(owner?: { readonly uid: number; readonly gid: number }) {
    sweepOrphans();
    this.directory = mkdtempSync(join(tmpdir(), DIRECTORY_PREFIX));
    markOwner(this.directory);
    mkdirSync(join(this.directory, "data"));
    if (owner !== undefined)
      for (const path of [this.directory, join(this.directory, "data")])
        chownSync(path, owner.uid, owner.gid);
    this.#exitHook = () => obliterate(this.directory);
    process.once("exit", this.#exitHook);
  }

  get pid(): number {
    if (this.#daemon === undefined) throw new Error("The server does not run.");
    return this.#daemon.pid;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Starts the program, again where it was stopped. */
  async run(
    command: string,
    args: readonly string[],
    isReady: () => Promise<boolean>,
  ): Promise<void> {
    this.#daemon = new Daemon(command, args, {
      logPath: this.path("server.log"),
      env: engineEnvironment(),
    });
    await this.#daemon.ready(isReady, START_MS);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.#daemon?.end(signal, END_MS);
    this.#daemon = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.stop();
    } finally {
      obliterate(this.directory);
      process.removeListener("exit", this.#exitHook);
    }
  }
}

export function programNamed(name: string): string | undefined {
  return findProgram(name, engineEnvironment());
}
