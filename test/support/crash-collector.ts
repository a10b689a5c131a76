import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";

import type { CollectorTask } from "./crash-journal.ts";
import { programPath } from "./program-path.ts";

const PATIENCE_MS = 60_000;

/** A collector in a process of its own. It is loaded at once, and begins when it is told to. */
export class Collector {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<string>;
  readonly #said: string[] = [];
  readonly #looks = new Set<() => void>();
  #end: string | undefined;
  #errors = "";

  constructor(task: CollectorTask) {
    this.#child = spawn(process.execPath, [
      programPath("test/engine/fixtures/crash-collector.ts"),
      JSON.stringify(task),
    ]);
    let rest = "";
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const words = (rest + text).split("\n");
      rest = words.pop() ?? "";
      this.#said.push(...words);
      this.#look();
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
    // Told to one that is gone.
    this.#child.stdin.on("error", () => {});
    this.#exited = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#end = signal ?? `code ${code}`;
        resolve(this.#end);
        this.#look();
      });
    });
  }

  go(): void {
    this.#child.stdin.write("go\n");
  }

  /** How often it has said a word. */
  times(word: string): number {
    return this.#said.filter((said) => said === word).length;
  }

  /** What was said last of these. */
  last(...words: readonly string[]): string | undefined {
    return this.#said.findLast((said) => words.includes(said));
  }

  /** Resolves when `condition` holds, looked at whenever the collector says something. */
  until(what: string, condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        act();
      };
      const fail = (how: string): void => {
        const said = this.#said.slice(-8).join(", ");
        settle(() =>
          reject(new Error(`The collector ${how} without ${what}: ${said}\n${this.#errors}`)),
        );
      };
      const look = (): void => {
        if (condition()) settle(resolve);
        else if (this.#end !== undefined) fail(`ended by ${this.#end}`);
      };
      const timer = setTimeout(() => fail("waited"), PATIENCE_MS);
      this.#looks.add(look);
      look();
    });
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Resolves when it has closed its pool and ended by itself, with what ended it. */
  async close(): Promise<string> {
    this.#child.stdin.write("close\n");
    await this.until("a word of its end", () => this.times("closed") > 0);
    return await this.#exited;
  }

  #look(): void {
    for (const look of [...this.#looks]) look();
  }
}
