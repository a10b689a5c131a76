import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { eventually } from "./fake-follow.ts";

export interface ProgramSetup {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where it runs; default: here. */
  readonly cwd?: string;
  /** False: nobody reads its output before `readOutput()`. */
  readonly isRead?: boolean;
}

/** A Node.js program in a process of its own, whose output is no terminal. */
export class ProgramRun implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exit: Promise<unknown>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], { isRead = true, ...options }: ProgramSetup) {
    this.#child = spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout.setEncoding("utf8");
    if (isRead) this.readOutput();
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#exit = once(this.#child, "close");
  }

  /** Whole lines of standard output. */
  get lines(): string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  /** Whole lines of standard error. */
  get notices(): string[] {
    return this.stderr.split("\n").slice(0, -1);
  }

  /** Null while it runs, also where its output is not read to the end yet. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** How much it has read, of files and of sockets, its own code included. */
  get bytesRead(): number {
    const io = readFileSync(`/proc/${this.#child.pid}/io`, "utf8");
    return Number(/^rchar: (\d+)$/m.exec(io)?.[1]);
  }

  /** @throws Error with the program's own words where it does not come to that */
  async until(test: () => boolean, what: string): Promise<void> {
    const hasEnded = (): boolean =>
      this.#child.exitCode !== null || this.#child.signalCode !== null;
    try {
      await eventually(() => test() || hasEnded(), what);
      if (!test()) throw new Error(`ended without ${what}`);
    } catch (cause) {
      throw new Error(`${String(cause)}\n${this.stdout}\n${this.stderr}`, { cause });
    }
  }

  readOutput(): void {
    this.#child.stdout.on("data", (text: string) => (this.stdout += text));
  }

  /** Reads no more of its output, as `head` does when it has enough. */
  closeOutput(): void {
    this.#child.stdout.destroy();
  }

  signal(name: "SIGINT" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  /** Asks it to stop. Resolves with the exit code. */
  async stop(name: "SIGINT" | "SIGTERM"): Promise<number | null> {
    this.signal(name);
    return this.ended();
  }

  /** Resolves with the exit code once it has exited; null where a signal killed it. */
  async ended(): Promise<number | null> {
    await this.#exit;
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
