import { execFile } from "node:child_process";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { RealEngine } from "../test/support/real-engine/engine.ts";
import type { RunOptions } from "../test/support/real-engine/engine.ts";
import type { EngineFault, Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { TrueLog } from "./true-log.ts";
import { monotonicMs } from "./world.ts";
import type { ContainerAct, Span, TrueLine, World, WorldContainer } from "./world.ts";
import { flash, writer } from "./writers.ts";

const LOOK_EVERY_MS = 25;
const DAMAGED_BYTES = 60;
const ATTEMPTS = 200;
const AGAIN_MS = 250;
const ENDS_MS = 10_000;

/**
 * A follow of Docker 20.10 waits in an emptied file for the place where it was. When the engine begins a new file it goes on
 * there, and what was written meanwhile is left out without a mark.
 */
const UNCERTAIN_MS = 5_000;

interface Member extends WorldContainer {
  readonly log: TrueLog;
  /** When its log was damaged or emptied by hand. */
  readonly changedAt: number[];
}

/** A Docker or a Podman of this run alone. */
export class RealWorld implements World {
  readonly containers: Member[] = [];
  readonly crashes: Span[] = [];
  readonly #engine: RealEngine;
  readonly #random: Random;
  readonly #clockAheadMs = Date.now() - monotonicMs();
  readonly #looks: NodeJS.Timeout;
  readonly #keepsIn: string;
  readonly version: string;
  /** How many faults keep the daemon down, and when it was started last. */
  #downs = 0;
  #started: Promise<void> = Promise.resolve();
  #isStarting = false;
  readonly #plan: Plan;
  /** How many the daemon may have open. */
  readonly #descriptors: number;

  private constructor(engine: RealEngine, plan: Plan, version: string, descriptors: number) {
    this.version = version;
    this.#descriptors = descriptors;
    this.#engine = engine;
    this.#plan = plan;
    this.#random = new Random(plan.seed ^ 0x5eed);
    // Within what the engine has mounted for itself, so that files can have two names.
    this.#keepsIn = join(this.dataRoot, "chaos-kept");
    this.#looks = setInterval(() => {
      for (const { log } of this.containers) log.look();
      this.#revive();
    }, LOOK_EVERY_MS);
  }

  static async start(plan: Plan): Promise<RealWorld> {
    const { binDirectory } = plan;
    const engine = await RealEngine.start({
      kind: plan.engine === "podman" ? "podman" : "docker",
      liveRestore: true,
      ...(binDirectory === undefined ? {} : { binDirectory }),
    });
    let world: RealWorld | undefined;
    try {
      const limit = await prlimit(engine.pid, ["--nofile", "--output=SOFT", "--noheadings"]);
      world = new RealWorld(engine, plan, await engine.version(), Number(limit));
      for (const { name, kind } of plan.containers)
        await world.#run(name, kind, writer(kind, plan));
      return world;
    } catch (error) {
      await (world === undefined ? engine.stop() : world[Symbol.asyncDispose]());
      throw error;
    }
  }

  get dataRoot(): string {
    return join(this.#engine.directory, "data");
  }

  get socketPath(): string {
    return this.#engine.ownSocketPath;
  }

  find(name: string): Member | undefined {
    return this.containers.findLast((container) => container.name === name);
  }

  async do(act: ContainerAct): Promise<void> {
    if (act.kind === "create") {
      const { name, kind } = act.container;
      return await this.#run(name, kind, writer(kind, this.#plan));
    }
    if (act.kind === "flash") return await this.#run(act.name, "flash", flash(act.lines, act.rm));
    const member = this.find(act.name);
    if (member === undefined || member.removedAt !== undefined) return;
    const { id, changes } = member;
    const engine = this.#engine;
    switch (act.kind) {
      case "kill":
        changes.push([monotonicMs(), false]);
        return await engine.kill(id);
      case "stop":
        changes.push([monotonicMs(), false]);
        return await engine.stop(id, 1);
      case "start":
        await engine.start(id);
        changes.push([monotonicMs(), true]);
        return;
      case "restarts":
        for (let time = 0; time < act.times; time++) {
          await engine.api({ method: "POST", path: `/containers/${id}/kill` });
          changes.push([monotonicMs(), false]);
          // Podman answers before it has ended, and does not start it then.
          if (engine.kind === "podman") await engine.wait(id, ENDS_MS);
          await delay(this.#random.whole(0, 200));
          await engine.start(id);
          changes.push([monotonicMs(), true]);
        }
        return;
      case "pause":
        await this.#post(id, "pause");
        await delay(act.forMs);
        await this.#post(id, "unpause");
        return;
      case "rename":
        await this.#post(id, `rename?name=${act.to}`);
        return;
      case "remove":
        member.removedAt = monotonicMs();
        await engine.discard(id);
        return;
      case "damage":
      case "empty":
        return await this.#change(member, act.kind);
      case "stall":
        return;
    }
  }

  async begin(fault: EngineFault): Promise<() => Promise<void>> {
    const engine = this.#engine;
    const { pid } = engine;
    if (fault.kind === "daemon killed") return await this.#kill();
    if (fault.kind === "daemon stopped") {
      process.kill(pid, "SIGSTOP");
      return async () => void process.kill(pid, "SIGCONT");
    }
    if (fault.kind === "no descriptors") {
      const open = readdirSync(`/proc/${pid}/fd`).length;
      await prlimit(pid, [`--nofile=${open + 1}:`]);
      return async () => {
        // Podman's handlers may have failed with locks in their hands, and it does not come back.
        if (engine.kind === "podman") await (await this.#kill())();
        else await prlimit(pid, [`--nofile=${this.#descriptors}:`]);
      };
    }
    return async () => {};
  }

  async startAll(): Promise<void> {
    for (const { id, removedAt, changes } of this.containers) {
      if (removedAt !== undefined) continue;
      await insist(() => this.#post(id, "unpause"));
      await insist(() => this.#post(id, "start"));
      changes.push([monotonicMs(), true]);
    }
  }

  async stopAll(): Promise<void> {
    for (const { id } of this.containers) {
      await insist(() => this.#post(id, "unpause"));
      await insist(() => this.#post(id, "kill"));
    }
  }

  async truth({ id, kind }: WorldContainer): Promise<TrueLine[]> {
    const member = this.containers.find((one) => one.id === id);
    if (member === undefined) return [];
    member.log.look();
    return member.log.lines(kind === "terminal").map((line) => {
      const writtenAt = Date.parse(line.timestamp) - this.#clockAheadMs;
      const timestamp = this.#toldTime(line.timestamp);
      const isUncertain = member.changedAt.some((at) => Math.abs(writtenAt - at) < UNCERTAIN_MS);
      return {
        ...line,
        timestamp,
        writtenAt,
        isDamaged: line.isDamaged || isUncertain,
        cuts: line.cuts.map((cut) => ({ ...cut, timestamp: this.#toldTime(cut.timestamp) })),
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#looks);
    await this.#started.catch(() => {});
    await this.#engine.stop();
    rmSync(this.#keepsIn, { recursive: true, force: true });
  }

  /** As the engine's API tells it: Podman before 5.8 in whole seconds. */
  #toldTime(timestamp: string): string {
    const [major = 0, minor = 0] = this.version.split(".").map(Number);
    const isWhole = this.#engine.kind === "podman" && (major < 5 || (major === 5 && minor < 8));
    return isWhole ? timestamp.replace(/\.\d+/, "") : timestamp;
  }

  /** Returns what starts it again. */
  async #kill(): Promise<() => Promise<void>> {
    // One that is being started is left to it.
    await this.#started;
    if (this.#downs++ === 0) await this.#engine.killDaemon("SIGKILL");
    return async () => {
      if (--this.#downs === 0) this.#started = this.#start();
      await this.#started;
    };
  }

  /** As a service manager does: what is damaged in a log of the driver `local` ends a Docker 20.10 that is asked for its last lines. */
  #revive(): void {
    if (this.#downs > 0 || this.#isStarting || existsSync(`/proc/${this.#engine.pid}`)) return;
    const crash: Span = { from: monotonicMs(), to: Infinity };
    this.crashes.push(crash);
    this.#started = this.#start().then(() => void (crash.to = monotonicMs()));
    // Whoever waits for the engine is told.
    this.#started.catch(() => {});
  }

  async #start(): Promise<void> {
    this.#isStarting = true;
    try {
      await insist(() => this.#engine.startDaemon());
    } finally {
      this.#isStarting = false;
    }
  }

  async #run(
    name: string,
    kind: WorldContainer["kind"],
    options: Omit<RunOptions, "name">,
  ): Promise<void> {
    const id = await this.#engine.create({ ...options, driver: this.#plan.driver, name });
    const log = new TrueLog(this.dataRoot, id, this.#plan.driver, this.#keepsIn);
    const member: Member = {
      name,
      id,
      kind,
      createdAt: monotonicMs(),
      changes: [],
      changedAt: [],
      isDamaged: false,
      removedAt: undefined,
      log,
    };
    this.containers.push(member);
    await this.#engine.start(id);
    // Those that end by themselves are over at once.
    member.changes.push([monotonicMs(), kind !== "flash"]);
    if (options.rm === true) member.removedAt = monotonicMs();
  }

  /** While the container is paused, so that it is known what the log held. */
  async #change(member: Member, kind: "damage" | "empty"): Promise<void> {
    const { id, log } = member;
    await this.#post(id, "pause");
    await delay(200);
    try {
      const { size } = statSync(log.currentPath);
      if (size < 2_000) return;
      member.isDamaged = true;
      member.changedAt.push(monotonicMs());
      log.beforeChange();
      if (kind === "empty") {
        truncateSync(log.currentPath, 0);
        log.emptied();
      } else {
        const at = this.#random.whole(Math.floor(size / 3), size - 500);
        const file = openSync(log.currentPath, "r+");
        writeSync(file, Buffer.alloc(DAMAGED_BYTES), 0, DAMAGED_BYTES, at);
        closeSync(file);
        log.damaged(at, at + DAMAGED_BYTES);
      }
    } finally {
      await this.#post(id, "unpause");
    }
  }

  async #post(id: string, action: string): Promise<void> {
    await this.#engine.api({ method: "POST", path: `/containers/${id}/${action}` });
  }
}

async function prlimit(pid: number, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)("prlimit", [`--pid=${pid}`, ...args])).stdout;
}

/** An engine that has just been started again may cut a connection. */
async function insist(ask: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await delay(AGAIN_MS);
    }
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
