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
import { pause as pauseIn } from "../test/support/pause.ts";
import { RealEngine } from "../test/support/real-engine/engine.ts";
import type { RunOptions } from "../test/support/real-engine/engine.ts";
import type { ContainerKind, Driver, EngineFault, Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { TrueLog } from "./true-log.ts";
import { monotonicMs } from "./world.ts";
import type { ContainerAct, Span, TrueLine, World, WorldContainer } from "./world.ts";

const LOOK_EVERY_MS = 25;
const DAMAGED_BYTES = 60;
const ATTEMPTS = 200;
const AGAIN_MS = 250;

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

const steady = (ms: number): string =>
  `i=0; while :; do echo line $i; [ $((i%6)) = 5 ] && echo error $i >&2; i=$((i+1)); ${pauseIn(ms)}; done`;

const writers: Readonly<Record<ContainerKind, Omit<RunOptions, "name">>> = {
  steady: { script: steady(25) },
  bursts: { script: `while :; do seq 1 300; ${pauseIn(900)}; done` },
  quiet: { script: steady(2_500) },
  "long lines": {
    script: `s=$(head -c 21000 /dev/zero | tr '\\0' x); i=0; while :; do echo "$i $s"; echo "$i short"; i=$((i+1)); ${pauseIn(350)}; done`,
  },
  terminal: { script: steady(40), tty: true },
  rotated: {
    script: `i=0; while :; do seq $i $((i+60)); i=$((i+60)); ${pauseIn(250)}; done`,
    options: { "max-size": "30k", "max-file": "3" },
  },
  flood: {
    script: `while :; do seq 1 2500; ${pauseIn(900)}; done`,
    options: { "max-size": "100k", "max-file": "2" },
  },
};

/** A real engine of this run alone. */
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
  readonly #driver: Driver;
  /** How many the daemon may have open. */
  readonly #descriptors: number;

  private constructor(engine: RealEngine, plan: Plan, version: string, descriptors: number) {
    this.version = version;
    this.#descriptors = descriptors;
    this.#engine = engine;
    this.#driver = plan.driver;
    this.#random = new Random(plan.seed ^ 0x5eed);
    // Within what the engine has mounted for itself, so that files can have two names.
    this.#keepsIn = join(this.dataRoot, "chaos-kept");
    this.#looks = setInterval(() => {
      for (const { log } of this.containers) log.look();
      this.#revive();
    }, LOOK_EVERY_MS);
  }

  static async start(plan: Plan): Promise<RealWorld> {
    const binDirectory = process.env["DOCKSPOOL_ENGINE_BIN"];
    const engine = await RealEngine.start({
      liveRestore: true,
      ...(binDirectory === undefined ? {} : { binDirectory }),
    });
    let world: RealWorld | undefined;
    try {
      const limit = await prlimit(engine.pid, ["--nofile", "--output=SOFT", "--noheadings"]);
      world = new RealWorld(engine, plan, (await engine.info()).ServerVersion, Number(limit));
      for (const { name, kind } of plan.containers) await world.#run(name, kind, writers[kind]);
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
    if (act.kind === "create")
      return await this.#run(act.container.name, act.container.kind, writers[act.container.kind]);
    if (act.kind === "flash") {
      const { name, lines, rm } = act;
      const script = `${pauseIn(100)}; seq 1 ${lines}`;
      await this.#run(name, "flash", { script, rm });
      return;
    }
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
        await engine.rm(id);
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
    if (fault.kind === "daemon killed") {
      // One that is being started is left to it.
      await this.#started;
      if (this.#downs++ === 0) await engine.killDaemon("SIGKILL");
      return async () => {
        if (--this.#downs === 0) this.#started = this.#start();
        await this.#started;
      };
    }
    if (fault.kind === "daemon stopped") {
      process.kill(pid, "SIGSTOP");
      return async () => void process.kill(pid, "SIGCONT");
    }
    if (fault.kind === "no descriptors") {
      const open = readdirSync(`/proc/${pid}/fd`).length;
      await prlimit(pid, [`--nofile=${open + 1}:`]);
      return async () => void (await prlimit(pid, [`--nofile=${this.#descriptors}:`]));
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
      const isUncertain = member.changedAt.some((at) => Math.abs(writtenAt - at) < UNCERTAIN_MS);
      return { ...line, writtenAt, isDamaged: line.isDamaged || isUncertain };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#looks);
    await this.#started.catch(() => {});
    await this.#engine.stop();
    rmSync(this.#keepsIn, { recursive: true, force: true });
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
    const id = await this.#engine.create({ ...options, driver: this.#driver, name });
    const log = new TrueLog(this.dataRoot, id, this.#driver, this.#keepsIn);
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
