import type { EngineOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { pause } from "../../test/support/pause.ts";
import { RealEngine } from "../../test/support/real-engine/engine.ts";
import { readJsonLogs } from "../../test/support/ground-truth.ts";

/** What an engine's log holds. */
export interface HostLine {
  readonly stream: string;
  readonly timestamp: string;
  readonly line: string;
}

/** An engine whose containers write. */
export interface Host extends AsyncDisposable {
  readonly engine: EngineOptions;
  readonly ids: readonly string[];
  /** Resolves once nothing is written any more. */
  silence(): Promise<void>;
  logOf(id: string): Promise<readonly HostLine[]>;
}

export type EngineKind = "real" | "fake";

/** As the collectors of the run choose containers. */
function nameOf(engine: string, n: number): string {
  return `writer-${engine}-${n}`;
}

export async function startHost(kind: EngineKind, name: string, containers: number): Promise<Host> {
  if (kind === "fake") return await FakeHost.start(name, containers);
  const binDirectory = process.env["DOCKSPOOL_ENGINE_BIN"];
  const engine = await RealEngine.start(binDirectory === undefined ? {} : { binDirectory });
  try {
    const ids: string[] = [];
    for (let n = 0; n < containers; n++) {
      const script = SCRIPTS[n % SCRIPTS.length] ?? STEADY;
      ids.push(await engine.run({ name: nameOf(name, n), script }));
    }
    return new RealHost(engine, ids);
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

const STEADY = `i=0; while :; do echo line $i; [ $((i%6)) = 5 ] && echo error $i >&2; i=$((i+1)); ${pause(150)}; done`;
const BURSTS = `i=0; while :; do j=0; while [ $j -lt 80 ]; do echo burst $i $j; j=$((j+1)); done; i=$((i+1)); ${pause(4_000)}; done`;
/** Longer than what the engine keeps in one part. */
const LONG = `s=$(head -c 21000 /dev/zero | tr '\\0' x); i=0; while :; do echo "$i $s"; echo "short $i"; i=$((i+1)); ${pause(1_500)}; done`;
const QUIET = `i=0; while :; do echo "quiet $i"; i=$((i+1)); ${pause(7_000)}; done`;
const SCRIPTS = [STEADY, STEADY, BURSTS, STEADY, STEADY, LONG, STEADY, STEADY, BURSTS, QUIET];

class RealHost implements Host {
  readonly ids: readonly string[];
  readonly #engine: RealEngine;

  constructor(engine: RealEngine, ids: readonly string[]) {
    this.#engine = engine;
    this.ids = ids;
  }

  get engine(): EngineOptions {
    return { socketPath: this.#engine.socketPath };
  }

  async silence(): Promise<void> {
    for (const id of this.ids) await this.#engine.kill(id);
    for (const id of this.ids) await this.#engine.wait(id);
  }

  async logOf(id: string): Promise<readonly HostLine[]> {
    return await readJsonLogs(await this.#engine.jsonLogPaths(id));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#engine.stop();
  }
}

const FAKE_EVERY_MS = 100;

class FakeHost implements Host {
  readonly #fake: FakeEngine;
  readonly #containers: readonly FakeContainer[];
  readonly #timer: NodeJS.Timeout;

  private constructor(fake: FakeEngine, containers: readonly FakeContainer[]) {
    this.#fake = fake;
    this.#containers = containers;
    let n = 0;
    this.#timer = setInterval(() => {
      for (const container of containers) container.write(`line ${n}`);
      n++;
    }, FAKE_EVERY_MS);
  }

  static async start(name: string, count: number): Promise<FakeHost> {
    const fake = await FakeEngine.start();
    const containers = Array.from({ length: count }, (_, n) => {
      const container = fake.create({ name: nameOf(name, n) });
      container.start();
      return container;
    });
    return new FakeHost(fake, containers);
  }

  get engine(): EngineOptions {
    return this.#fake.engine;
  }

  get ids(): readonly string[] {
    return this.#containers.map(({ id }) => id);
  }

  async silence(): Promise<void> {
    clearInterval(this.#timer);
  }

  async logOf(id: string): Promise<readonly HostLine[]> {
    return this.#containers.find((container) => container.id === id)?.written ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#fake.close();
  }
}
