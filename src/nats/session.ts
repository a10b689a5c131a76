import { randomUUID } from "node:crypto";
import { DockspoolError } from "../errors.ts";
import type { Bucket } from "./bucket.ts";
import { isConflict } from "./failures.ts";

/** What stands in the bucket of a session. */
interface SessionValue {
  readonly owner: string;
  readonly ttlMs: number;
  readonly isEnded: boolean;
}

/** A moment, by the clock that is never set, and by the one that goes on while the machine is suspended. */
interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** It is renewed so often in its time. */
const RENEWALS = 4;

function now(): Moment {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

/** The larger one counts: the wall clock may be set, forward or back. */
function msSince({ monotonicMs, wallMs }: Moment): number {
  return Math.max(performance.now() - monotonicMs, Date.now() - wallMs);
}

function sessionKey(id: string): string {
  return `session/${id}`;
}

/**
 * The time that one process may act in: it renews an entry, and what it may do ends by its own clocks `ttlMs` after the last renewal began.
 * Whoever sees an entry stand still for that long ends it, by compare-and-set. After SIGSTOP, or a partition, it is lost for good.
 */
export class Session {
  readonly id: string;
  readonly #bucket: Bucket;
  readonly #value: SessionValue;
  readonly #lost = new AbortController();
  #revision: number;
  /** When the last renewal began. */
  #renewedAt: Moment;
  #timer: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(
    bucket: Bucket,
    id: string,
    value: SessionValue,
    revision: number,
    begunAt: Moment,
  ) {
    this.#bucket = bucket;
    this.id = id;
    this.#value = value;
    this.#revision = revision;
    this.#renewedAt = begunAt;
    this.#schedule();
    this.#watchExpiry();
  }

  static async begin(bucket: Bucket, owner: string, ttlMs: number): Promise<Session> {
    const id = randomUUID();
    const value = { owner, ttlMs, isEnded: false };
    const begunAt = now();
    const revision = await bucket.put(sessionKey(id), value, 0);
    return new Session(bucket, id, value, revision, begunAt);
  }

  /** Also right after a stop, before any timer has fired. */
  get isAlive(): boolean {
    return !this.#lost.signal.aborted && this.#leftMs > 0;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Others may go on at once. */
  async end(): Promise<void> {
    const wasAlive = this.isAlive;
    this.#lose("it was given back");
    await this.#renewing;
    if (wasAlive) await this.#bucket.remove(sessionKey(this.id));
  }

  get #leftMs(): number {
    return this.#value.ttlMs - msSince(this.#renewedAt);
  }

  #schedule(): void {
    const delayMs = this.#value.ttlMs / RENEWALS;
    this.#timer = setTimeout(() => {
      this.#renewing = this.#renew();
    }, delayMs).unref();
  }

  #watchExpiry(): void {
    this.#expiry = setTimeout(
      () => {
        if (this.#leftMs > 0) this.#watchExpiry();
        else this.#lose("it could not be renewed in time");
      },
      Math.max(1, this.#leftMs),
    ).unref();
  }

  async #renew(): Promise<void> {
    if (!this.isAlive) return;
    const begunAt = now();
    try {
      const timeoutMs = this.#value.ttlMs / RENEWALS;
      const key = sessionKey(this.id);
      this.#revision = await this.#bucket.put(key, this.#value, this.#revision, timeoutMs);
      // Who was stopped meanwhile has lost it, whatever the answer.
      if (this.isAlive) this.#renewedAt = begunAt;
    } catch (error) {
      if (isConflict(error)) await this.#lookAgain();
    }
    if (this.isAlive) this.#schedule();
  }

  /** Either a renewal was done of which no answer came, or somebody has ended it. */
  async #lookAgain(): Promise<void> {
    try {
      const { value, revision } = await this.#bucket.get(sessionKey(this.id));
      if (value === undefined) {
        this.#lose("NATS has its entry no more");
        return;
      }
      if (value["isEnded"] !== false) {
        const endedBy = value["endedBy"];
        const who = typeof endedBy === "string" ? JSON.stringify(endedBy) : "another collector";
        this.#lose(`${who} has ended it, as it was not renewed in time, and goes on`);
        return;
      }
      this.#revision = revision;
    } catch {
      // The next renewal tells.
    }
  }

  #lose(why: string): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#expiry);
    if (this.#lost.signal.aborted) return;
    this.#lost.abort(
      new DockspoolError(
        "CLOSED",
        `The lease of ${JSON.stringify(this.#value.owner)} is lost: ${why}.`,
        {
          transient: true,
        },
      ),
    );
  }
}

/** What is seen of another process's session. */
interface Seen {
  readonly revision: number;
  /** By `performance.now()`. */
  readonly since: number;
}

/** Ended sessions that are remembered. */
const REMEMBERED = 64;

/** Tells whether other processes' sessions have ended, and ends those that stand still. */
export class OtherSessions {
  readonly #bucket: Bucket;
  readonly #owner: string;
  readonly #seen = new Map<string, Seen>();
  readonly #looks = new Map<string, Promise<boolean>>();
  /** The last ones: an end is for good. */
  readonly #ended = new Set<string>();

  /** `owner`: who looks, in words. */
  constructor(bucket: Bucket, owner: string) {
    this.#bucket = bucket;
    this.#owner = owner;
  }

  /** Undefined where it has ended. */
  async ownerOf(id: string): Promise<string | undefined> {
    const { value } = await this.#bucket.get(sessionKey(id));
    const owner = value?.["isEnded"] === false ? value["owner"] : undefined;
    return typeof owner === "string" ? owner : undefined;
  }

  /** Those who ask at the same time share one look. */
  async hasEnded(id: string): Promise<boolean> {
    if (this.#ended.has(id)) return true;
    const known = this.#looks.get(id);
    if (known !== undefined) return await known;
    const look = this.#look(id).finally(() => this.#looks.delete(id));
    this.#looks.set(id, look);
    return await look;
  }

  async #look(id: string): Promise<boolean> {
    const askedAt = performance.now();
    const { value, revision } = await this.#bucket.get(sessionKey(id));
    if (value === undefined) return await this.#isAbsent(id);
    if (value["isEnded"] === true) return this.#remember(id);
    const before = this.#seen.get(id);
    if (before === undefined || before.revision !== revision) {
      this.#seen.set(id, { revision, since: performance.now() });
      return false;
    }
    const { ttlMs } = value;
    if (typeof ttlMs !== "number" || askedAt - before.since < ttlMs) return false;
    const isEnded = (await this.#end(id, value, revision)) !== undefined;
    return isEnded && this.#remember(id);
  }

  /** A read may come from a node that lags behind, and then the session lives: only a write can tell. */
  async #isAbsent(id: string): Promise<boolean> {
    const revision = await this.#end(id, {}, 0);
    if (revision === undefined) return false;
    await this.#bucket.remove(sessionKey(id), revision).catch(() => {});
    return this.#remember(id);
  }

  /** Resolves with the revision of its end; undefined where it was written meanwhile. */
  async #end(id: string, value: object, revision: number): Promise<number | undefined> {
    const ended = { ...value, isEnded: true, endedBy: this.#owner };
    try {
      return await this.#bucket.put(sessionKey(id), ended, revision);
    } catch (error) {
      if (isConflict(error)) return undefined;
      throw error;
    }
  }

  #remember(id: string): true {
    this.#seen.delete(id);
    this.#ended.add(id);
    const [oldest] = this.#ended;
    if (this.#ended.size > REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
    return true;
  }
}
