import type { ContainerInfo, EndReason, LogRecord, PoolStatus } from "../../src/index.ts";
import type { FakeContainer, FakeRequest } from "../../src/testing.ts";
import { toLines } from "../support/fake-follow.ts";
import type { Line } from "../support/fake-follow.ts";
import { difference, show, unaccounted } from "./pool-lines.ts";
import type { Read } from "./pool-lines.ts";
import type { AttachFrom, Sort } from "./pool-script.ts";

/** From which of a container's lines on a source may read: from one of these to another. */
interface Span {
  readonly first: number;
  readonly last: number;
}

/** One source of a container, from "attached" to "detached". */
interface Attachment extends Read {
  readonly beginnings: readonly Span[];
  end: EndReason | undefined;
}

/** A call that has not settled. */
export interface AttachCall {
  readonly member: Member;
  /** Where it names the container by its name, which another one may have by now. */
  readonly name: string | undefined;
  readonly from: AttachFrom;
  readonly written: number;
  /** The container was detached since. */
  isOvertaken: boolean;
}

/** A container of the engine, and what the pool has to make of it. */
/** The engine's clock and ours tell times apart that lie further apart. */
const MOMENT_MS = 20;

export interface Member {
  readonly container: FakeContainer;
  readonly sort: Sort;
  readonly attachments: Attachment[];
  /** That had its name until it was removed. */
  readonly predecessor: Member | undefined;
  /** Lines that it had before the pool; undefined where it was created since. */
  before: number | undefined;
  name: string;
  /** That it ever had. */
  readonly names: Set<string>;
  wasRenamed: boolean;
  isUp: boolean;
  isRemoved: boolean;
  /** Discovery has to follow it. */
  isWanted: boolean;
  /** The pool may never have heard of it. */
  isUnheard: boolean;
  isSkipped: boolean;
  /** By `detach()`; "perhaps" where the pool need not have known it then. */
  isLeftAlone: "yes" | "perhaps" | "no";
}

export interface TruthOptions {
  readonly from: "start" | "now";
  readonly discover: boolean;
  /** False: lines may be left without their end, and only the order within a stream is certain. */
  readonly finishesLines: boolean;
  /** The engine throws lines away. */
  readonly forgets: boolean;
  readonly maxStreams: number;
}

/** Besides the streams: eight questions, the events, and one or another that is just being closed. */
const OTHER_SOCKETS = 12;

/** What is known of the engine, and what of that the pool must deliver. */
export class PoolTruth {
  readonly members: Member[] = [];
  /** What must never be, and was. */
  readonly violations: string[] = [];
  readonly #options: TruthOptions;
  readonly #byId = new Map<string, Member>();
  readonly #attachmentOf = new WeakMap<ContainerInfo, Attachment>();
  /** When a name was last detached, by `performance.now()`. */
  readonly #detachedAt = new Map<string, number>();
  readonly #calls = new Set<AttachCall>();
  #hasBegun = false;
  #hasEnded = false;
  #isConnected = false;
  #isListening = false;

  constructor(options: TruthOptions) {
    this.#options = options;
  }

  /** All that is to be followed is, so far. */
  get isCalm(): boolean {
    const isReady = this.#isConnected || !this.#options.discover;
    return isReady && this.members.every((member) => !member.isWanted || isHeardOf(member));
  }

  /** What is still to come, or wrong for good. */
  get problems(): string[] {
    const open = this.members.map((member) => this.#problem(member));
    return [...this.violations, ...open.filter((one) => one !== undefined)];
  }

  get living(): Member[] {
    return this.members.filter(({ isRemoved }) => !isRemoved);
  }

  /** From now on the pool is there. */
  begin(): void {
    this.#hasBegun = true;
    for (const member of this.members) member.before = member.container.written.length;
  }

  /** The pool closes: nothing is followed any more. */
  end(): void {
    this.#hasEnded = true;
  }

  created(container: FakeContainer, name: string, sort: Sort): Member {
    const isOld = !this.#hasBegun;
    const former = this.members.findLast((member) => member.name === name);
    const member: Member = {
      container,
      sort,
      attachments: [],
      predecessor: former?.wasRenamed === true ? undefined : former,
      before: isOld ? 0 : undefined,
      name,
      names: new Set([name]),
      wasRenamed: false,
      isUp: true,
      isRemoved: false,
      isWanted: this.#options.discover && !isOld,
      isUnheard: !this.#isListening,
      isSkipped: false,
      isLeftAlone: this.#leftAlone(name),
    };
    this.members.push(member);
    this.#byId.set(container.id, member);
    return member;
  }

  /** By a name: one that comes to have it in the same moment may be meant as well. */
  detachesName(name: string): void {
    this.#detachedAt.set(name, performance.now());
  }

  #leftAlone(name: string): Member["isLeftAlone"] {
    if (!this.#options.discover) return "yes";
    const detachedAt = this.#detachedAt.get(name) ?? -Infinity;
    return performance.now() - detachedAt <= MOMENT_MS ? "perhaps" : "no";
  }

  started(member: Member): void {
    member.isUp = true;
    if (this.#hasBegun && this.#options.discover) member.isWanted = true;
  }

  renamed(member: Member, name: string): void {
    member.name = name;
    member.names.add(name);
    member.wasRenamed = true;
  }

  /** Whether `name` has only ever been one container's. */
  isUnique(name: string): boolean {
    return this.members.filter((member) => member.name === name || member.wasRenamed).length <= 1;
  }

  /** The events are lost until they are asked for again. */
  interrupted(): void {
    this.#isListening = false;
    for (const member of this.members) if (!isHeardOf(member)) member.isUnheard = true;
  }

  /** A request has reached the engine, and counts as open there. */
  asked(
    { path }: FakeRequest,
    open: { readonly follows: number; readonly reads: number; readonly sockets: number },
  ): void {
    const { maxStreams } = this.#options;
    if (open.follows + open.reads > maxStreams)
      this.violations.push(`${open.follows} follows and ${open.reads} reads are open`);
    if (open.sockets > maxStreams + OTHER_SOCKETS)
      this.violations.push(`${open.sockets} sockets are open`);
    if (/\/events\b/.test(path) && !path.includes("since=")) this.#isListening = true;
    if (!/\/containers\/json\b/.test(path)) return;
    for (const member of this.living) {
      if (!member.isUp) continue;
      member.isUnheard = false;
    }
    if (this.#isConnected || !this.#options.discover) return;
    for (const member of this.living)
      if (member.before !== undefined) member.isWanted = member.isUp;
  }

  attaches(member: Member, name: string | undefined, from: AttachFrom): AttachCall {
    const { length } = member.container.written;
    const call: AttachCall = { member, name, from, written: length, isOvertaken: false };
    this.#calls.add(call);
    return call;
  }

  /** `id`: of the container that it was about; undefined where it failed. */
  attached(call: AttachCall, id: string | undefined): void {
    this.#calls.delete(call);
    const member = id === undefined ? undefined : this.#byId.get(id);
    if (member !== undefined) member.isLeftAlone = call.isOvertaken ? "perhaps" : "no";
  }

  detaches(member: Member): void {
    const calls = this.#callsFor(member);
    for (const call of calls) call.isOvertaken = true;
    const isFollowed = current(member) !== undefined;
    member.isLeftAlone = isFollowed && calls.length === 0 ? "yes" : "perhaps";
  }

  heard(status: PoolStatus): void {
    if (status.type === "engine") {
      if (status.state === "connected") this.#isConnected = true;
      return;
    }
    const { container: info } = status;
    const member = this.#byId.get(info.id);
    if (member === undefined) {
      this.violations.push(`a status of an unknown container: ${JSON.stringify(status)}`);
      return;
    }
    const attachment = current(member);
    switch (status.type) {
      case "skipped":
        member.isSkipped = true;
        return;
      case "standby":
        this.violations.push(`${info.name} waits for a lease, and there are none`);
        return;
      case "attached":
        if (attachment !== undefined) this.violations.push(`${info.name} was attached twice`);
        this.#attachmentOf.set(info, this.#attach(member));
        return;
      case "detached":
        if (attachment === undefined) this.violations.push(`${info.name} was detached twice`);
        else attachment.end = status.reason;
        return;
      case "source":
        if (attachment === undefined) {
          this.violations.push(`${info.name} is not attached: ${JSON.stringify(status.status)}`);
          return;
        }
        this.#attachmentOf.set(info, attachment);
        if (status.status.type === "gap") attachment.gaps.push(status.status);
        return;
    }
  }

  came(record: LogRecord): void {
    const member = this.#byId.get(record.container.id);
    const attachment = this.#attachmentOf.get(record.container);
    if (member === undefined || attachment === undefined) {
      this.violations.push(`a line of nobody: ${JSON.stringify(record)}`);
      return;
    }
    if (attachment.lines.length === 0) {
      const { written, log } = member.container;
      attachment.forgotten = written.length - log.length;
    }
    attachment.lines.push(...toLines([record]));
    const later = member.attachments.slice(member.attachments.indexOf(attachment) + 1);
    if (later.some(({ lines }) => lines.length > 0))
      this.violations.push(`${member.name}: a later source's lines came before an earlier one's`);
    for (const heir of this.members) {
      if (heir.predecessor !== member || !heir.attachments.some(({ lines }) => lines.length > 0))
        continue;
      this.violations.push(`${heir.name}: came before the last lines of the one it replaces`);
    }
  }

  #problem(member: Member): string | undefined {
    for (const attachment of member.attachments) {
      const problem = this.#problemOf(member, attachment);
      if (problem !== undefined) return `${describe(member)}: ${problem}`;
    }
    const isFollowed = current(member) !== undefined;
    if (isFollowed && member.isRemoved) return `${describe(member)}: is gone, and followed`;
    if (isFollowed || this.#hasEnded || !member.isWanted || member.isLeftAlone !== "no")
      return undefined;
    if (member.isRemoved) {
      return isHeardOf(member) || member.isUnheard
        ? undefined
        : `${describe(member)}: nothing was said of it`;
    }
    if (member.sort === "unreadable") {
      return member.isSkipped ? undefined : `${describe(member)}: was not skipped`;
    }
    return `${describe(member)}: is not followed`;
  }

  #attach(member: Member): Attachment {
    const written = member.container.written.length;
    const calls = this.#callsFor(member);
    if (member.isLeftAlone === "yes" && calls.length === 0)
      this.violations.push(`${member.name}: was attached, though it was detached`);
    const beginnings = calls.map((call) =>
      call.member === member ? this.#beginningOf(call, written) : { first: 0, last: written },
    );
    const isOfNow = member.before !== undefined && this.#options.from === "now";
    if (member.isLeftAlone !== "yes") {
      beginnings.push(isOfNow ? { first: member.before ?? 0, last: written } : FIRST);
    }
    const attachment: Attachment = {
      beginnings,
      lines: [],
      forgotten: 0,
      gaps: [],
      end: undefined,
    };
    member.attachments.push(attachment);
    return attachment;
  }

  #beginningOf({ member, from, written }: AttachCall, now: number): Span {
    const isNew = member.before === undefined;
    const begin = from ?? (isNew ? "start" : this.#options.from);
    if (begin === "start") return FIRST;
    if (begin === "now") return { first: written, last: now };
    // A line that is not ended yet may be one of them.
    const { tail } = begin;
    return {
      first: Math.max(0, written - tail),
      last: tail === 0 ? now : Math.max(0, Math.min(now, now - tail + 2)),
    };
  }

  #callsFor(member: Member): AttachCall[] {
    return [...this.#calls].filter(
      ({ member: named, name }) =>
        named === member || (name !== undefined && member.names.has(name)),
    );
  }

  #problemOf(member: Member, attachment: Attachment): string | undefined {
    const { end, lines, beginnings } = attachment;
    if (end?.kind === "failed") {
      return member.sort === "unreadable" ? undefined : `failed: ${String(end.error)}`;
    }
    const written = toLines(member.container.written);
    if (this.#options.forgets) return unaccounted(attachment, written);
    const isWhole = end === undefined || (end.kind === "removed" && end.complete);
    const isCut = end?.kind === "removed" && !end.complete;
    let problem: string | undefined = "began nowhere";
    for (const { first, last } of beginnings) {
      for (let begin = first; begin <= last; begin++) {
        problem = this.#difference(lines, written.slice(begin), isWhole, isCut);
        if (problem === undefined) return undefined;
      }
    }
    const came = lines.slice(0, 6).map(show).join(", ");
    return `${JSON.stringify(end ?? "open")}, from ${JSON.stringify(beginnings)}: ${problem}; came ${came} of ${written.slice(0, 8).map(show).join(", ")}`;
  }

  #difference(
    lines: readonly Line[],
    expected: readonly Line[],
    isWhole: boolean,
    isCut: boolean,
  ): string | undefined {
    if (this.#options.finishesLines) return difference(lines, expected, isWhole, isCut);
    for (const stream of ["stdout", "stderr", "tty"]) {
      const of = (all: readonly Line[]): Line[] => all.filter((line) => line.stream === stream);
      const problem = difference(of(lines), of(expected), isWhole, isCut);
      if (problem !== undefined) return `${stream}: ${problem}`;
    }
    return undefined;
  }
}

const FIRST: Span = { first: 0, last: 0 };

function current({ attachments }: Member): Attachment | undefined {
  const last = attachments.at(-1);
  return last?.end === undefined ? last : undefined;
}

function isHeardOf({ attachments, isSkipped }: Member): boolean {
  return isSkipped || attachments.length > 0;
}

function describe({ name, container, isRemoved, isUp, sort }: Member): string {
  const state = isRemoved ? "removed" : isUp ? "up" : "stopped";
  return `${name} (${container.id.slice(0, 6)}, ${sort}, ${state})`;
}
