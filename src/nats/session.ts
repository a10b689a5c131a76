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

/** It is renewed so often in its time. */
const RENEWALS = 4;

function sessionKey(id: string): string {
  return `session/${id}`;
}

/**
 * The time that one process may act in: it renews an entry, and what it may do ends by its own clock `ttlMs` after the last renewal began.
 * Whoever sees an entry stand still for that long ends it, by compare-and-set. After SIGSTOP, or a partition, it is lost for good.
 */
export class Session {
  readonly id: string;
  readonly #bucket: Bucket;
  readonly #value: SessionValue;
  readonly #lost = new AbortController();
  #revision: number;
  /** By `performance.now()`. */
  #until: number;
  #timer: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(
    bucket: Bucket,
    id: string,
    value: SessionValue,
    revision: number,
    begunAt: number,
  ) {
    this.#bucket = bucket;
    this.id = id;
    this.#value = value;
    this.#revision = revision;
    this.#until = begunAt + value.ttlMs;
    this.#schedule();
    this.#watchExpiry();
  }

  static async begin(bucket: Bucket, owner: string, ttlMs: number): Promise<Session> {
    const id = randomUUID();
    const value = { owner, ttlMs, isEnded: false };
    const begunAt = performance.now();
    const revision = await bucket.put(sessionKey(id), value, 0);
    return new Session(bucket, id, value, revision, begunAt);
  }

  /** Also right after a stop, before any timer has fired. */
  get isAlive(): boolean {
    return !this.#lost.signal.aborted && performance.now() < this.#until;
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

  #schedule(): void {
    const delayMs = this.#value.ttlMs / RENEWALS;
    this.#timer = setTimeout(() => {
      this.#renewing = this.#renew();
    }, delayMs).unref();
  }

  #watchExpiry(): void {
    this.#expiry = setTimeout(
      () => {
        if (performance.now() < this.#until) this.#watchExpiry();
        else this.#lose("it could not be renewed in time");
      },
      Math.max(1, this.#until - performance.now()),
    ).unref();
  }

  async #renew(): Promise<void> {
    if (!this.isAlive) return;
    const begunAt = performance.now();
    try {
      const timeoutMs = this.#value.ttlMs / RENEWALS;
      const key = sessionKey(this.id);
      this.#revision = await this.#bucket.put(key, this.#value, this.#revision, timeoutMs);
      // Who was stopped meanwhile has lost it, whatever the answer.
      if (this.isAlive) this.#until = begunAt + this.#value.ttlMs;
    } catch (error) {
      if (isConflict(error)) await this.#lookAgain();
    }
    if (this.isAlive) this.#schedule();
  }

  /** Either a renewal was done of which no answer came, or somebody has ended it. */
  async #lookAgain(): Promise<void> {
    try {
      const { value, revision } = await this.#bucket.get(sessionKey(this.id));
      if (value === undefined || value["isEnded"] !== false) {
        const endedBy = value?.["endedBy"];
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

/** Tells whether other processes' sessions have ended, and ends those that stand still. */
export class OtherSessions {
  readonly #bucket: Bucket;
  readonly #owner: string;
  readonly #seen = new Map<string, Seen>();
  readonly #looks = new Map<string, Promise<boolean>>();

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
  hasEnded(id: string): Promise<boolean> {
    const known = this.#looks.get(id);
    if (known !== undefined) return known;
    const look = this.#look(id).finally(() => this.#looks.delete(id));
    this.#looks.set(id, look);
    return look;
  }

  async #look(id: string): Promise<boolean> {
    const key = sessionKey(id);
    const askedAt = performance.now();
    const { value, revision } = await this.#bucket.get(key);
    if (value === undefined || value["isEnded"] === true) {
      this.#seen.delete(id);
      return true;
    }
    const before = this.#seen.get(id);
    if (before === undefined || before.revision !== revision) {
      this.#seen.set(id, { revision, since: performance.now() });
      return false;
    }
    const { ttlMs } = value;
    if (typeof ttlMs !== "number" || askedAt - before.since < ttlMs) return false;
    try {
      await this.#bucket.put(key, { ...value, isEnded: true, endedBy: this.#owner }, revision);
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
    this.#seen.delete(id);
    return true;
  }
}
