import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { FakeEngine } from "../../src/testing.ts";
import { eventually } from "./fake-follow.ts";

const examples = new URL("../../examples/", import.meta.url);
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** How to start an example. */
export interface ExampleSetup {
  readonly fake: FakeEngine;
  /** Where it runs. */
  readonly folder: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** An example in a process of its own, as its reader starts it, with a fake engine as DOCKER_HOST. */
export class ExampleRun implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exit: Promise<unknown>;
  stdout = "";
  stderr = "";

  constructor(name: string, { fake, folder, args = [], env = {} }: ExampleSetup) {
    const file = fileURLToPath(new URL(`${name}.ts`, examples));
    this.#child = spawn(process.execPath, ["--import", tsx, file, ...args], {
      cwd: folder,
      env: { ...process.env, DOCKER_HOST: `unix://${fake.engine.socketPath}`, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#exit = once(this.#child, "close");
  }

  /** What was printed, the unfinished last line left out. */
  get lines(): string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  /** Waits for what the example does; its own words come along where it does not. */
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

  /** As Docker, systemd and Kubernetes stop a service. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
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
