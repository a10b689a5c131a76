import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { EngineOptions } from "../../src/index.ts";
import type { Owner, Protection } from "./plan.ts";

/** What test/nats/fixtures/collector.ts is told. */
export interface CollectorSettings {
  readonly owner: Owner;
  readonly engineName: string;
  readonly engine: EngineOptions;
  readonly servers: readonly string[];
  readonly ttlMs: number;
  readonly windowMs: number;
  readonly replicas: number;
  /** Reads and writes of buckets take up to so many milliseconds longer. */
  readonly latencyMs: number;
  readonly without: Protection | undefined;
}

/** From when to when a collector certainly had a lease, by the clock that all processes share. */
export interface Holding {
  readonly owner: Owner;
  /** Which of the owner's processes. */
  readonly process: number;
  readonly key: string;
  readonly token: number;
  readonly from: number;
  until: number;
}

/** A look of a collector at what it holds; when it began and when it had ended. */
interface Look {
  readonly begun: number;
  readonly ended: number;
  readonly held: readonly (readonly [key: string, token: number])[];
}

/** A collector in a process of its own. */
export class CollectorRun {
  readonly holdings: Holding[] = [];
  /** Besides what it holds. */
  readonly said: string[] = [];
  errors = "";
  readonly owner: Owner;
  readonly #number: number;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #open = new Map<string, Holding>();
  #rest = "";

  constructor(program: string, settings: CollectorSettings, number: number) {
    this.owner = settings.owner;
    this.#number = number;
    this.#child = spawn(process.execPath, [program], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, COLLECTOR: JSON.stringify(settings) },
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.errors += text));
    this.#closed = once(this.#child, "close");
    const end = (): void => void this.#child.kill("SIGKILL");
    process.once("exit", end);
    this.#child.once("exit", () => process.removeListener("exit", end));
  }

  /** It has ended, and nobody has killed it. */
  get hasFailed(): boolean {
    return this.#child.exitCode !== null;
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("{")) {
        this.said.push(line);
        continue;
      }
      const look: Look = JSON.parse(line);
      this.#noteLook(look);
    }
  }

  #noteLook({ begun, ended, held }: Look): void {
    const now = new Set<string>();
    for (const [key, token] of held) {
      const place = `${key} ${token}`;
      now.add(place);
      const known = this.#open.get(place);
      if (known !== undefined) {
        known.until = begun;
        continue;
      }
      const who = { owner: this.owner, process: this.#number };
      const holding = { ...who, key, token, from: ended, until: ended };
      this.#open.set(place, holding);
      this.holdings.push(holding);
    }
    for (const place of this.#open.keys()) if (!now.has(place)) this.#open.delete(place);
  }
}
