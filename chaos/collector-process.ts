import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { CollectorTask, Order, Sample } from "./journal.ts";

/** How its clock is changed: by libfaketime, where it is installed, from what a file says. */
export interface OwnClock {
  readonly library: string;
  readonly file: string;
}

/** A collector in a process of its own. */
export class CollectorProcess {
  readonly task: CollectorTask;
  readonly startedAt: number = performance.now();
  readonly exited: Promise<string>;
  /** What it said of itself last. */
  last: Sample | undefined;
  readonly #child: ChildProcess;
  #errors = "";
  #isOver = false;

  constructor(task: CollectorTask, clock: OwnClock | undefined) {
    this.task = task;
    const faked = clock && {
      LD_PRELOAD: clock.library,
      FAKETIME_TIMESTAMP_FILE: clock.file,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_NO_CACHE: "1",
    };
    this.#child = spawn(
      process.execPath,
      [join(task.library, "collector.js"), JSON.stringify(task)],
      {
        stdio: ["ignore", "inherit", "pipe", "ipc"],
        env: { ...process.env, ...faked },
      },
    );
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
    this.#child.on("message", (sample: Sample) => (this.last = sample));
    // Told to one that is gone.
    this.#child.on("error", () => {});
    this.exited = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#isOver = true;
        resolve(signal ?? `code ${code}`);
      });
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get errors(): string {
    return this.#errors;
  }

  tell(order: Order): void {
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
  }
}
