import { FakeEngine } from "../src/testing.ts";
import type { FakeContainer } from "../src/testing.ts";
import type { ContainerKind, EngineFault, Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { monotonicMs } from "./world.ts";
import type { ContainerAct, TrueLine, World, WorldContainer } from "./world.ts";

const LOOK_EVERY_MS = 20;

interface Member extends WorldContainer {
  readonly container: FakeContainer;
  /** When each line was written; as long as `container.written`. */
  readonly times: number[];
  /** As long as what the engine has thrown away: when it did. */
  readonly dropped: number[];
  isUp: boolean;
  isPaused: boolean;
  written: number;
  dueAt: number;
  currentName: string;
}

/** How a kind of container writes: so many lines, so many milliseconds apart. */
const paces: Readonly<Record<ContainerKind, readonly [lines: number, everyMs: number]>> = {
  steady: [1, 20],
  bursts: [300, 900],
  quiet: [1, 2_500],
  "long lines": [1, 300],
  terminal: [2, 60],
  rotated: [40, 150],
  flood: [2_000, 700],
};

/** The engine in this process, whose containers are written to by a timer. */
export class FakeWorld implements World {
  readonly containers: Member[] = [];
  readonly crashes: readonly [] = [];
  readonly #fake: FakeEngine;
  readonly #random: Random;
  readonly #writer: NodeJS.Timeout;

  private constructor(fake: FakeEngine, plan: Plan) {
    this.#fake = fake;
    this.#random = new Random(plan.seed ^ 0x5eed);
    for (const { name, kind } of plan.containers) this.#create(name, kind);
    this.#writer = setInterval(() => this.#write(), LOOK_EVERY_MS);
  }

  static async start(plan: Plan): Promise<FakeWorld> {
    return new FakeWorld(await FakeEngine.start({ since: plan.since }), plan);
  }

  get version(): string {
    return "fake";
  }

  get dataRoot(): undefined {
    return undefined;
  }

  get socketPath(): string {
    return this.#fake.engine.socketPath ?? "";
  }

  find(name: string): Member | undefined {
    return this.containers.findLast((container) => container.name === name);
  }

  async do(act: ContainerAct): Promise<void> {
    if (act.kind === "create") {
      this.#create(act.container.name, act.container.kind);
      return;
    }
    if (act.kind === "flash") return await this.#flash(act);
    const member = this.find(act.name);
    if (member === undefined || member.removedAt !== undefined) return;
    switch (act.kind) {
      case "kill":
      case "stop":
        return this.#stop(member);
      case "start":
        return this.#start(member);
      case "restarts":
        for (let time = 0; time < act.times; time++) {
          this.#stop(member);
          await pause(this.#random.whole(0, 60));
          this.#start(member);
          await pause(this.#random.whole(0, 60));
        }
        return;
      case "pause":
        if (!member.isUp || member.isPaused) return;
        member.isPaused = true;
        member.container.pause();
        await pause(act.forMs);
        this.#start(member);
        return;
      case "rename":
        member.currentName = act.to;
        return member.container.rename(act.to);
      case "remove":
        return this.#remove(member);
      case "stall":
        return member.container.stall();
      case "damage":
        return;
      case "empty":
        return truncate(member, 0);
    }
  }

  async begin(fault: EngineFault): Promise<() => Promise<void>> {
    if (fault.kind !== "engine's clock") return async () => {};
    this.#fake.clockAheadMs = fault.aheadMs;
    return async () => {
      this.#fake.clockAheadMs = 0;
    };
  }

  async startAll(): Promise<void> {
    for (const member of this.containers) this.#start(member);
  }

  async stopAll(): Promise<void> {
    for (const member of this.containers) if (member.removedAt === undefined) this.#stop(member);
  }

  async truth({ id }: WorldContainer): Promise<TrueLine[]> {
    const member = this.containers.find((one) => one.id === id);
    if (member === undefined) return [];
    return member.container.written.map(({ stream, timestamp, line }, index) => ({
      stream,
      timestamp,
      line,
      writtenAt: member.times[index] ?? 0,
      isDamaged: false,
      cuts: [],
      droppedAt: member.dropped[index],
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#writer);
    await this.#fake.close();
  }

  #create(name: string, kind: ContainerKind | "flash"): Member {
    const isRotated = kind === "flood" || kind === "rotated";
    const container = this.#fake.create({
      name,
      tty: kind === "terminal",
      ...(isRotated ? { maxLogSize: LOG_FILE_SIZE } : {}),
    });
    const now = monotonicMs();
    const member: Member = {
      name,
      id: container.id,
      kind,
      createdAt: now,
      isDamaged: false,
      removedAt: undefined,
      changes: [[now, true]],
      container,
      times: [],
      dropped: [],
      isUp: true,
      isPaused: false,
      written: 0,
      dueAt: now,
      currentName: name,
    };
    this.containers.push(member);
    return member;
  }

  async #flash({ name, lines, rm }: Extract<ContainerAct, { kind: "flash" }>): Promise<void> {
    const member = this.#create(name, "flash");
    // As an engine does, it takes a moment to begin.
    await pause(this.#random.whole(60, 200));
    for (let line = 0; line < lines; line++) this.#line(member, `flash ${line}`);
    await pause(this.#random.whole(0, 120));
    this.#stop(member);
    if (!rm) return;
    await pause(this.#random.whole(30, 150));
    this.#remove(member);
  }

  #stop(member: Member): void {
    if (member.isUp) member.changes.push([monotonicMs(), false]);
    member.isUp = false;
    member.isPaused = false;
    member.container.stop();
  }

  #start(member: Member): void {
    if (member.removedAt !== undefined) return;
    if (!member.isUp) member.changes.push([monotonicMs(), true]);
    member.isUp = true;
    member.isPaused = false;
    member.container.start();
  }

  #remove(member: Member): void {
    member.isUp = false;
    member.removedAt = monotonicMs();
    member.container.remove();
  }

  #write(): void {
    const now = monotonicMs();
    for (const member of this.containers) {
      if (!member.isUp || member.isPaused || member.kind === "flash" || now < member.dueAt)
        continue;
      const [lines, everyMs] = paces[member.kind];
      member.dueAt = now + everyMs;
      for (let line = 0; line < lines; line++) this.#line(member, textOf(member));
      // What the engine's own rotation of small files leaves.
      if (member.kind === "rotated" && this.#random.chance(0.15)) truncate(member, 300);
      if (member.kind === "flood") truncate(member, 2_500);
    }
  }

  #line(member: Member, text: string): void {
    const stream = member.written % 6 === 5 ? "stderr" : "stdout";
    member.container.write(text, { stream });
    member.written++;
    member.times.push(monotonicMs());
  }
}

/** The engine says so of logs that lose their beginning: what a flood writes at once is about as much. */
const LOG_FILE_SIZE = "50k";

function truncate(member: Member, keepLines: number): void {
  member.container.truncate(keepLines);
  while (member.dropped.length < member.written - keepLines) member.dropped.push(monotonicMs());
}

function textOf({ kind, written, name }: Member): string {
  if (kind === "long lines" && written % 2 === 0)
    return `${written} ${"long ".repeat(3_000 + ((written * 977) % 9_000))}`;
  return `${name} line ${written}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
