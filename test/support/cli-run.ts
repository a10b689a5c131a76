import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { inject } from "vitest";
import type { FakeEngine } from "../../src/testing.ts";
import { eventually } from "./fake-follow.ts";

export interface CommandSetup {
  /** What DOCKER_HOST leads to; default: nothing. */
  readonly fake?: FakeEngine;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** False: nobody reads its output before `readOutput()`. */
  readonly isRead?: boolean;
}

/** The command in a process of its own, whose output is no terminal. */
export class CommandRun implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exit: Promise<unknown>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], { fake, env = {}, isRead = true }: CommandSetup = {}) {
    const host = fake === undefined ? "unix:///nowhere/docker.sock" : urlOf(fake);
    const { FORCE_COLOR: _, NO_COLOR: __, ...inherited } = process.env;
    this.#child = spawn(process.execPath, [inject("cli"), ...args], {
      env: { ...inherited, DOCKER_HOST: host, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
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

  /** @throws Error with the command's own words where it does not come to that */
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

  signal(name: "SIGINT" | "SIGTERM"): void {
    this.#child.kill(name);
  }

  /** Asks it to stop. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.signal("SIGINT");
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

/** As `--engine` takes it. */
export function urlOf({ engine }: FakeEngine): string {
  const { socketPath, host, port } = engine;
  return socketPath === undefined ? `tcp://${host}:${port}` : `unix://${socketPath}`;
}
