import { DockspoolError } from "../../src/index.ts";
import type { StreamPool } from "../../src/index.ts";
import type { FakeEngine } from "../../src/testing.ts";
import { turns } from "../support/fake-follow.ts";
import { MOST_CONTAINERS } from "./pool-script.ts";
import type { AttachFrom, PoolAct, Reference, Sort } from "./pool-script.ts";
import type { Member, PoolTruth } from "./pool-truth.ts";

/** "equal": many lines have one timestamp; "backward": some are earlier than the one before. */
export type PoolClock = "present" | "equal" | "backward";

interface Parts {
  readonly fake: FakeEngine;
  readonly truth: PoolTruth;
  readonly clock: PoolClock;
  /** Ends lines before a stop: where one is left open, nobody who reads later can tell when it ended. */
  readonly finishesLines: boolean;
  /** Podman puts a timestamp before each part of a terminal's line, where nothing tells it from text. */
  readonly hasWholeTerminals: boolean;
}

const GRID_MS = 20;

/** Plays a script on an engine and on a pool that follows it. */
export class PoolPlayer {
  /** Of calls of the pool; they settle before it is closed. */
  readonly calls: Promise<unknown>[] = [];
  readonly #parts: Parts;
  readonly #open = new Map<Member, Set<"stdout" | "stderr">>();
  #pool: StreamPool | undefined;
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  set pool(pool: StreamPool) {
    this.#pool = pool;
  }

  /** Resolves once the consumer may go on. */
  get gate(): Promise<void> | undefined {
    return this.#gate?.opened;
  }

  async play(acts: readonly PoolAct[]): Promise<void> {
    for (const act of acts) await this.#act(act);
  }

  /** Everything works again, and no line is left without its end. */
  finish({ stops }: { readonly stops: boolean }): void {
    this.#parts.fake.restore();
    this.#release();
    for (const member of this.#parts.truth.living) {
      this.#finishLines(member);
      if (stops) this.#stop(member);
    }
  }

  async #act(act: PoolAct): Promise<void> {
    const { fake, truth } = this.#parts;
    switch (act.kind) {
      case "turns":
        return turns(act.count);
      case "pause":
        return new Promise((resolve) => void setTimeout(resolve, act.ms));
      case "create":
        return void this.#create(act.name, act.sort);
      case "pass":
        return this.#pass(act.name, act.lines, act.turns);
      case "rotate all":
        return this.#call(this.#pool?.rotate());
      case "cut events":
        truth.interrupted();
        return fake.cutEvents();
      case "outage":
        truth.interrupted();
        return fake.outage();
      case "restore":
        return fake.restore();
      case "hold":
        return this.#hold();
      case "release":
        return this.#release();
      case "attach":
        // Where a line is left without its end, nobody can count from it.
        return this.#attach(
          pick(truth.members, act.at),
          act.by,
          this.#parts.finishesLines ? act.from : undefined,
        );
      case "detach":
        return this.#detach(pick(truth.members, act.at), act.by);
      case "truncate":
        // An open stream of the engine's jumps over what it has not sent yet, without a mark.
        await turns();
        return pick(truth.living, act.at)?.container.truncate(act.keep);
      default: {
        const member = pick(truth.living, act.at);
        return member === undefined ? undefined : this.#actOn(member, act);
      }
    }
  }

  #actOn(member: Member, act: Extract<PoolAct, { readonly at: number }>): void {
    const { container } = member;
    switch (act.kind) {
      case "write":
        return this.#writeOnce(member, act);
      case "burst":
        for (let index = 0; index < act.lines; index++) {
          const stream = index % 3 === 0 ? "stderr" : "stdout";
          this.#write(member, `burst ${index}`, { stream, partial: false, lateMs: 0 });
        }
        return undefined;
      case "start":
        container.start();
        return this.#parts.truth.started(member);
      case "stop":
        return this.#stop(member);
      case "restart":
        this.#stop(member);
        container.start();
        return this.#parts.truth.started(member);
      case "remove":
        return this.#remove(member);
      case "recreate": {
        const { name, sort } = member;
        this.#remove(member);
        return void this.#createAs(name, sort);
      }
      case "rename":
        return this.#rename(member, nameOf(act.name));
      case "cut":
        return container.cut();
      case "stall":
        return container.stall();
      case "rotate":
        return this.#rotate(member);
      default:
        return undefined;
    }
  }

  #create(name: number, sort: Sort): Member | undefined {
    const { living } = this.#parts.truth;
    const wanted = nameOf(name);
    const isFree = living.every((member) => member.name !== wanted);
    return isFree && living.length < MOST_CONTAINERS ? this.#createAs(wanted, sort) : undefined;
  }

  #createAs(name: string, sort: Sort): Member {
    const { fake, truth } = this.#parts;
    const container = fake.create({
      name,
      tty: sort === "terminal",
      ...(sort === "unreadable" ? { logDriver: "none" } : {}),
      ...(sort === "local" ? { logDriver: "local" } : {}),
    });
    return truth.created(container, name, sort);
  }

  async #pass(
    name: number,
    lines: number,
    [born, written, dead]: readonly [number, number, number],
  ): Promise<void> {
    const member = this.#create(name, "plain");
    if (member === undefined) return;
    await turns(born);
    for (let line = 0; line < lines; line++)
      this.#write(member, `pass ${line}`, { stream: "stdout", partial: false, lateMs: 0 });
    await turns(written);
    this.#stop(member);
    await turns(dead);
    this.#remove(member);
  }

  #writeOnce(member: Member, act: Extract<PoolAct, { readonly kind: "write" }>): void {
    const line = act.text.repeat(act.times);
    if (member.sort !== "terminal") this.#write(member, line, act);
    else if (!this.#parts.hasWholeTerminals)
      this.#write(member, line, { ...act, stream: "stdout" });
    else this.#write(member, act.text, { ...act, partial: false });
  }

  #write(
    member: Member,
    line: string,
    {
      stream,
      partial,
      lateMs,
    }: {
      readonly stream: "stdout" | "stderr";
      readonly partial: boolean;
      readonly lateMs: number;
    },
  ): void {
    if (!member.isUp) return;
    const isTerminal = member.sort === "terminal";
    const clock = isTerminal ? "present" : this.#parts.clock;
    const open = this.#open.get(member) ?? new Set();
    this.#open.set(member, open);
    const now = Date.now();
    const given = clock === "equal" ? now - (now % GRID_MS) : now - lateMs;
    const isGiven = clock !== "present" && !open.has(stream);
    const timestamp = isGiven ? { timestamp: new Date(given).toISOString() } : {};
    member.container.write(line, { stream, partial, ...timestamp });
    if (partial && line !== "") open.add(stream);
    if (!partial) open.delete(stream);
  }

  #finishLines(member: Member): void {
    for (const stream of this.#open.get(member) ?? [])
      this.#write(member, "", { stream, partial: false, lateMs: 0 });
  }

  #stop(member: Member): void {
    if (this.#parts.finishesLines) this.#finishLines(member);
    this.#open.delete(member);
    member.container.stop();
    member.isUp = false;
  }

  #remove(member: Member): void {
    if (this.#parts.finishesLines) this.#finishLines(member);
    this.#open.delete(member);
    member.container.remove();
    member.isUp = false;
    member.isRemoved = true;
  }

  #rename(member: Member, name: string): void {
    if (this.#parts.truth.living.some((other) => other.name === name)) return;
    member.container.rename(name);
    this.#parts.truth.renamed(member, name);
  }

  /** One that is being detached is none to rotate. */
  #rotate({ container }: Member): void {
    const rotate = async (pool: StreamPool): Promise<void> => {
      try {
        await pool.rotate(container.id);
      } catch (error) {
        if (!DockspoolError.is(error, "CONTAINER_NOT_FOUND")) throw error;
      }
    };
    if (this.#pool !== undefined) this.#call(rotate(this.#pool));
  }

  #attach(member: Member | undefined, by: Reference, from: AttachFrom): void {
    const { truth } = this.#parts;
    if (member === undefined || this.#pool === undefined) return;
    const reference = this.#reference(member, by);
    const call = truth.attaches(member, reference === member.name ? reference : undefined, from);
    const attach = async (pool: StreamPool): Promise<void> => {
      try {
        const source = await pool.attach(reference, from === undefined ? {} : { from });
        truth.attached(call, source.container);
      } catch (error) {
        truth.attached(call, undefined);
        // A name may be another container's by now.
        const isExpected =
          member.isRemoved ||
          member.sort === "unreadable" ||
          (reference === member.name && DockspoolError.is(error, "LOGS_UNREADABLE")) ||
          (member.wasRenamed && DockspoolError.is(error, "CONTAINER_NOT_FOUND"));
        if (!isExpected) throw error;
      }
    };
    this.#call(attach(this.#pool));
  }

  #detach(member: Member | undefined, by: Reference): void {
    if (member === undefined || this.#pool === undefined) return;
    const { truth } = this.#parts;
    truth.detaches(member);
    const reference = this.#reference(member, by);
    if (reference === member.name) truth.detachesName(reference);
    this.#call(this.#pool.detach(reference));
  }

  #reference({ container, name }: Member, by: Reference): string {
    if (by === "id") return container.id;
    const isSure = by === "name" && this.#parts.truth.isUnique(name);
    return isSure ? name : container.id.slice(0, 16);
  }

  #hold(): void {
    if (this.#gate !== undefined) return;
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gate = { opened, open };
  }

  #release(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  #call(call: Promise<unknown> | undefined): void {
    if (call === undefined) return;
    // Whoever awaits it learns why.
    call.catch(() => {});
    this.calls.push(call);
  }
}

function pick<T>(all: readonly T[], at: number): T | undefined {
  return all[at % Math.max(1, all.length)];
}

function nameOf(name: number): string {
  return `n${name}`;
}
