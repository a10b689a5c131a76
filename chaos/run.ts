import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CollectorProcess } from "./collector-process.ts";
import type { OwnClock } from "./collector-process.ts";
import { FakeWorld } from "./fake-world.ts";
import { readJournal } from "./journal.ts";
import type { CollectorTask, JournalEntry, SinkMode } from "./journal.ts";
import type { Act, EngineFault, Fault, NetworkFault, OwnFault, Plan } from "./plan.ts";
import { ChaosProxy } from "./proxy.ts";
import { Readers } from "./readers.ts";
import { RealWorld } from "./real-world.ts";
import { SmallDisk } from "./small-disk.ts";
import { monotonicMs } from "./world.ts";
import type { ContainerAct, Span, World, WorldContainer } from "./world.ts";

/** How long the pool may take to be well again, and to read the last lines, once nothing disturbs it. */
const BACK_TO_HEALTH_MS = 60_000;
const READ_TO_END_MS = 90_000;
const EXIT_MS = 20_000;
const LOADED_MS = 60_000;
/** What was written just before the stop is in the engine's log by then. */
const LOG_ENDS_MS = 1_000;
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/** Waits by its own turns, not by the clock: a busy machine has less of them. */
const START_AGAIN_MS = 5_000;
const LOOK_EVERY_MS = 50;
/** How often the player notes that it runs. */
export const TICK_MS = 100;

/** A fault of the plan, or an engine that ended by itself and was started again. */
export interface Disturbance extends Span {
  readonly fault: Fault["fault"] | { readonly kind: "daemon crashed" };
}

/** A run of a collector, from its start to its end. */
export interface CollectorRun extends Span {
  readonly journal: readonly JournalEntry[];
  readonly end: "killed" | "closed" | "failed";
}

/** All that a run of a plan has left, for the oracle to judge. */
export interface Story {
  readonly plan: Plan;
  readonly world: World;
  readonly disturbances: readonly Disturbance[];
  readonly runs: readonly CollectorRun[];
  readonly acts: readonly (readonly [at: number, act: Act])[];
  /** What was seen to be wrong on the way. */
  readonly problems: readonly string[];
  readonly maxConnections: number;
  readonly startedAt: number;
  readonly chaosEndedAt: number;
  readonly mostReaders: number;
  /** When the player ran, each `TICK_MS` where the machine let it. */
  readonly ticks: readonly number[];
  /** Milliseconds from the end of the chaos to `healthy`; undefined where it never came. */
  readonly backMs: number | undefined;
}

/** Plays a plan. `library`: the folder of the built library that the collectors load. */
export class Player implements AsyncDisposable {
  readonly #plan: Plan;
  readonly #library: string;
  readonly #directory = mkdtempSync(join(tmpdir(), "dp-chaos-"));
  readonly #disk: SmallDisk;
  readonly #disturbances: Disturbance[] = [];
  readonly #runs: CollectorRun[] = [];
  readonly #acts: [number, Act][] = [];
  readonly #problems: string[] = [];
  readonly #tasks = new Set<Promise<void>>();
  readonly #world: World;
  readonly #proxy: ChaosProxy;
  readonly #clock: OwnClock | undefined;
  readonly #ticks: number[] = [];
  readonly #ticking: NodeJS.Timeout;
  /** Nothing is begun any more, and nothing waits for its moment. */
  readonly #over = new AbortController();
  /** By container id: the last line of it that came to the collectors that have ended. */
  readonly #cameLast = new Map<string, string>();
  readonly #exitHook = (): void => {
    this.#disk.close();
    rmSync(this.#directory, { recursive: true, force: true });
  };
  #collector: CollectorProcess | undefined;
  #next: Promise<void> = Promise.resolve();
  #mode: SinkMode = "ok";
  #clockAheadMs = 0;
  #made = 0;

  private constructor(plan: Plan, library: string, world: World, proxy: ChaosProxy) {
    this.#plan = plan;
    this.#library = library;
    this.#world = world;
    this.#proxy = proxy;
    this.#disk = new SmallDisk(join(this.#directory, "checkpoints"));
    process.once("exit", this.#exitHook);
    const hasClock = plan.collector.ownClock && existsSync(FAKETIME);
    this.#clock = hasClock
      ? { library: FAKETIME, file: join(this.#directory, "clock") }
      : undefined;
    this.#setClock();
    this.#ticking = setInterval(() => this.#ticks.push(monotonicMs()), TICK_MS);
  }

  /** `judge` is called while the engine is still there. */
  static async play<T>(
    plan: Plan,
    library: string,
    judge: (story: Story) => Promise<T>,
  ): Promise<T> {
    const startedAt = monotonicMs();
    await using world = await (plan.engine === "fake" ? FakeWorld : RealWorld).start(plan);
    const readers = new Readers(() => plan.collector.maxStreams);
    const { transport } = plan.collector;
    await using proxy = await ChaosProxy.start(world.socketPath, transport, plan.seed, readers);
    await using player = new Player(plan, library, world, proxy);
    const ends = await player.#play();
    return await judge({
      plan,
      world,
      startedAt,
      ...ends,
      disturbances: [
        ...player.#disturbances,
        ...world.crashes.map((span) => ({ ...span, fault: { kind: "daemon crashed" } as const })),
      ],
      runs: player.#runs,
      acts: player.#acts,
      problems: [...player.#problems, ...readers.problems],
      maxConnections: proxy.maxConnections,
      mostReaders: readers.mostAtOnce,
      ticks: player.#ticks,
    });
  }

  /** Ends the faults that are on, and the collector. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticking);
    this.#over.abort();
    await Promise.all(this.#tasks);
    await this.#collector?.kill();
    process.off("exit", this.#exitHook);
    this.#exitHook();
  }

  async #play(): Promise<Pick<Story, "chaosEndedAt" | "backMs">> {
    const { plan } = this;
    this.#startCollector();
    for (
      let waited = 0;
      waited < LOADED_MS && this.#collector?.last === undefined;
      waited += LOOK_EVERY_MS
    )
      await this.#pause(LOOK_EVERY_MS);
    const begun = monotonicMs();
    const things = [
      ...plan.faults.map((fault) => ({ atMs: fault.atMs, run: () => this.#suffer(fault) })),
      ...plan.moments.map(({ atMs, act }) => ({ atMs, run: () => this.#act(act) })),
    ].toSorted((a, b) => a.atMs - b.atMs);
    for (const { atMs, run } of things) {
      await this.#pause(Math.max(0, begun + atMs - monotonicMs()));
      this.#task(run());
    }
    await this.#pause(Math.max(0, begun + plan.chaosMs - monotonicMs()));
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    await this.#next;
    // What does not run is not followed by a pool that has not seen it run.
    await this.#world.startAll();
    // Whatever was detached is followed again, so that its lines come.
    for (const { id, removedAt } of this.#world.containers)
      if (removedAt === undefined) this.#collector?.tell({ order: "attach", container: id });
    const chaosEndedAt = monotonicMs();
    const backMs = await this.#untilHealthy(chaosEndedAt);
    if (backMs === undefined)
      this.#problems.push(
        `G10: not healthy ${BACK_TO_HEALTH_MS / 1_000} s after the last fault: ${this.#collector?.last?.detail ?? "nothing is known"}`,
      );
    await this.#world.stopAll();
    await this.#untilRead();
    await this.#endCollector("close");
    return { chaosEndedAt, backMs };
  }

  get plan(): Plan {
    return this.#plan;
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#over.signal });
  }

  #task(task: Promise<void>): void {
    const tracked = task
      .catch((error: unknown) => {
        // An engine that is away, or busy, refuses; so the plan goes on without it.
        if (process.env["CHAOS_DEBUG"] !== undefined) process.stderr.write(`${String(error)}\n`);
      })
      .finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }

  async #suffer({ forMs, fault }: Fault): Promise<void> {
    const end = await this.#begin(fault);
    const disturbance: Disturbance = { fault, from: monotonicMs(), to: Infinity };
    this.#disturbances.push(disturbance);
    try {
      await this.#pause(forMs);
    } finally {
      await end().finally(() => (disturbance.to = monotonicMs()));
    }
  }

  async #begin(fault: NetworkFault | EngineFault | OwnFault): Promise<() => Promise<void>> {
    switch (fault.kind) {
      case "daemon stopped":
      case "daemon killed":
      case "no descriptors":
      case "engine's clock":
        return await this.#world.begin(fault);
      case "disk full":
        this.#disk.fill();
        return async () => this.#disk.empty();
      case "our clock":
        this.#clockAheadMs = fault.aheadMs;
        this.#setClock();
        return async () => {
          this.#clockAheadMs = 0;
          this.#setClock();
        };
      case "sink throws":
        return this.#sink("throws");
      case "sink hangs":
        return this.#sink("hangs");
      case "sink is slow":
        return this.#sink("slow");
      case "sink calls back":
        return this.#sink("calls back");
      default:
        return this.#proxy.begin(fault);
    }
  }

  #sink(mode: SinkMode): () => Promise<void> {
    this.#mode = mode;
    this.#collector?.tell({ order: "sink", mode });
    return async () => {
      this.#mode = "ok";
      this.#collector?.tell({ order: "sink", mode: "ok" });
    };
  }

  #setClock(): void {
    if (this.#clock === undefined) return;
    const sign = this.#clockAheadMs < 0 ? "-" : "+";
    writeFileSync(this.#clock.file, `${sign}${Math.abs(this.#clockAheadMs) / 1_000}\n`);
  }

  async #act(act: Act): Promise<void> {
    this.#acts.push([monotonicMs(), act]);
    const id = "name" in act && act.name !== undefined ? this.#world.find(act.name)?.id : undefined;
    switch (act.kind) {
      case "rotate":
        this.#collector?.tell({ order: "rotate", container: id });
        return;
      case "attach":
        if (id !== undefined) this.#collector?.tell({ order: "attach", container: id });
        return;
      case "detach":
        if (id === undefined) return;
        this.#collector?.tell({ order: "detach", container: id });
        await this.#pause(act.forMs);
        this.#collector?.tell({ order: "attach", container: id });
        return;
      case "collector closed":
        return await this.#replace("close");
      case "collector killed":
        return await this.#replace("kill");
      default:
        await this.#world.do(act satisfies ContainerAct);
    }
  }

  /** One after the other. */
  async #replace(how: "close" | "kill"): Promise<void> {
    this.#next = this.#next.then(async () => {
      await this.#endCollector(how);
      this.#startCollector();
    });
    await this.#next;
  }

  #startCollector(): void {
    this.#over.signal.throwIfAborted();
    const { collector } = this.#plan;
    const run = ++this.#made;
    this.#collector = new CollectorProcess(
      {
        library: this.#library,
        engine: this.#proxy.engine,
        plan: collector,
        read: wayOf(this.#plan, run),
        dataRoot: this.#world.dataRoot,
        checkpointFile: join(this.#disk.folder, "checkpoints.json"),
        journalFile: join(this.#directory, `journal-${run}`),
      },
      this.#clock,
    );
    this.#runStartedAt = monotonicMs();
    if (this.#mode !== "ok") this.#collector.tell({ order: "sink", mode: this.#mode });
  }

  #runStartedAt = 0;

  async #endCollector(how: "close" | "kill"): Promise<void> {
    const collector = this.#collector;
    if (collector === undefined) return;
    const from = this.#runStartedAt;
    let end: CollectorRun["end"] = how === "kill" ? "killed" : "closed";
    if (how === "kill") await collector.kill();
    else {
      collector.tell({ order: "close" });
      for (let waited = 0; waited < EXIT_MS && !collector.isOver; waited += LOOK_EVERY_MS)
        await this.#pause(LOOK_EVERY_MS);
      const exit = collector.isOver ? await collector.exited : undefined;
      if (exit !== "code 0") {
        end = "failed";
        this.#problems.push(
          exit === undefined
            ? `G6: the process has not ended ${EXIT_MS / 1_000} s after close()`
            : `G6: the process ended with ${exit}: ${collector.errors.slice(-2_000)}`,
        );
        await collector.kill();
      }
    }
    this.#collector = undefined;
    const { journalFile } = collector.task;
    const journal = existsSync(journalFile) ? readJournal(journalFile) : [];
    this.#runs.push({ from, to: monotonicMs(), journal, end });
    for (const entry of journal) if (entry[0] === "record") this.#cameLast.set(entry[2], entry[4]);
  }

  async #untilHealthy(since: number): Promise<number | undefined> {
    for (let waited = 0; waited < BACK_TO_HEALTH_MS; waited += LOOK_EVERY_MS) {
      const last = this.#collector?.last;
      // A run that nobody has seen is found by a look every five minutes: so all are seen before they are stopped.
      const areSeen = this.#world.containers.every(
        ({ id, kind, removedAt }) =>
          removedAt !== undefined ||
          kind === "flash" ||
          (last?.states[id] ?? "stopped") !== "stopped",
      );
      if (!areSeen) {
        // What was asked of an engine that did not answer may have been done only now.
        if (waited % START_AGAIN_MS === 0) await this.#world.startAll();
        await this.#pause(LOOK_EVERY_MS);
        continue;
      }
      if (last !== undefined && last.at > since && last.health === "healthy" && last.ready)
        return last.at - since;
      // Damaged bytes are told of for long after they were read again.
      if (last !== undefined && last.at > since && /^[^;]*damaged bytes[^;]*$/.test(last.detail))
        return last.at - since;
      await this.#pause(LOOK_EVERY_MS);
    }
    return undefined;
  }

  /** Every container has stopped, and its log is read to its end. */
  async #untilRead(): Promise<void> {
    await this.#pause(LOG_ENDS_MS);
    const ends = await this.#lastLines();
    let unread: string[] = [];
    for (let waited = 0; waited < READ_TO_END_MS; waited += LOOK_EVERY_MS) {
      const last = this.#collector?.last;
      unread = [...ends]
        .filter(([{ id }, end]) => {
          const came = last?.lastLines[id] ?? this.#cameLast.get(id);
          const state = last?.states[id];
          return (
            (end !== undefined && came !== end) || (state !== undefined && state !== "stopped")
          );
        })
        .map(([{ id, name }]) => `${name} is ${last?.states[id] ?? "not followed"}`);
      if (unread.length === 0 && last?.bufferedBytes === 0 && !last.isConsumerBusy) return;
      await this.#pause(LOOK_EVERY_MS);
    }
    this.#problems.push(
      `G2: not read to the end ${READ_TO_END_MS / 1_000} s after the last line: ${unread.join(", ")}; health: ${this.#collector?.last?.detail}`,
    );
  }

  /** The last line's timestamp of each container that is there; undefined: it has none. */
  async #lastLines(): Promise<Map<WorldContainer, string | undefined>> {
    const ends = new Map<WorldContainer, string | undefined>();
    for (const container of this.#world.containers) {
      if (container.removedAt !== undefined) continue;
      const truth = await this.#world.truth(container);
      ends.set(container, truth.at(-1)?.timestamp);
    }
    return ends;
  }
}

/** How the collector with that number reads. */
function wayOf({ seed, collector: { read } }: Plan, run: number): CollectorTask["read"] {
  if (read !== "both") return read;
  return (seed + run) % 2 === 0 ? "files" : "engine";
}
