import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** One background process of an engine (dockerd or containerd), with its output in a file. */
export class Daemon {
  readonly command: string;
  readonly logPath: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #end: string | undefined;

  constructor(
    command: string,
    args: readonly string[],
    options: { readonly logPath: string; readonly env: NodeJS.ProcessEnv },
  ) {
    this.command = command;
    this.logPath = options.logPath;
    const log = openSync(options.logPath, "a");
    try {
      // In a session of its own, so that Ctrl+C reaches the test runner alone, which then stops the engine in order.
      this.#child = spawn(command, args, {
        stdio: ["ignore", log, log],
        env: options.env,
        // What it, or a process of it, writes to a relative path is removed with the engine.
        cwd: dirname(options.logPath),
        detached: true,
      });
    } finally {
      closeSync(log);
    }
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#end ??= error.message;
        resolve();
      });
      this.#child.once("exit", (code, signal) => {
        this.#end ??= `ended with ${signal ?? `code ${code}`}`;
        resolve();
      });
    });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.command} did not start.`);
    return pid;
  }

  /** Resolves when the process has ended, however. */
  get ended(): Promise<void> {
    return this.#exited;
  }

  /** Polls until `probe` is true. When the process ends before, or the deadline passes, tells the end of its log. */
  async ready(probe: () => Promise<boolean>, deadlineMs: number): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    while (!(await probe())) {
      if (this.#end !== undefined) throw await this.#failure(this.#end);
      if (performance.now() > deadline) {
        throw await this.#failure(`was not ready within ${deadlineMs} ms`);
      }
      await delay(10);
    }
  }

  /** Sends the signal and waits for the end, past the deadline with SIGKILL. */
  async end(signal: NodeJS.Signals, deadlineMs: number): Promise<void> {
    if (this.#end !== undefined) return;
    this.#child.kill(signal);
    const deadline = new AbortController();
    const timer = delay(deadlineMs, undefined, { signal: deadline.signal }).then(
      () => this.#child.kill("SIGKILL"),
      () => false,
    );
    await this.#exited;
    deadline.abort();
    await timer;
  }

  async #failure(what: string): Promise<Error> {
    const log = await readFile(this.logPath, "utf8");
    const tail = log.trimEnd().split("\n").slice(-20).join("\n");
    return new Error(`${this.command} ${what}. The end of its log:\n${tail}`);
  }
}
