import { setTimeout as delay } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { checkKeys, checkText } from "../checks.ts";
import { unlessAborted } from "../lifetime/abort.ts";
import { Backoff } from "../lifetime/backoff.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { Lease, LeaseTrouble, Leases } from "../lifetime/lease.ts";
import { Bucket, checkBucketLimits } from "./bucket.ts";
import type { NatsBucketLimits } from "./bucket.ts";
import { isConflict } from "./failures.ts";
import { LeaseKeys } from "./lease-keys.ts";
import { checkConnection, checkMs, checkName } from "./options.ts";
import { OtherSessions, Session } from "./session.ts";

export interface NatsLeasesOptions {
  /** The key-value bucket: not the one of checkpoints. */
  bucket: string;
  /** Who holds them, in words: the host's name, say. */
  owner: string;
  /** After so many milliseconds without a sign of the holder another owner goes on; at least 1,000. */
  ttlMs: number;
  /** Creates the bucket where it is not there. Default false. */
  create?: boolean | NatsBucketLimits;
}

/** Who waits looks so often in `ttlMs`. */
const LOOKS = 4;
/** A holder that lives may give back a single lease: that is looked for every so many looks. */
const LOOKS_PER_KEY_LOOK = 16;
/** Whoever takes a lease from another one asks for it again after this part of `ttlMs`. */
const CONFIRMATIONS = 10;
const RETRY = { minDelayMs: 100, maxDelayMs: 2_000 };

interface Held {
  readonly session: Session;
  readonly token: number;
}

/**
 * Leases in a key-value bucket of JetStream, for `PoolOptions.leases`. A process renews one entry however many leases it has. Nothing rests
 * on clocks being equal: the holder counts from when its last renewal began, and who waits from when it saw that renewal.
 *
 * Give the same object to `natsSink` and `NatsCheckpointStore`: then lines and positions of a lease that is lost go nowhere.
 *
 * @throws DockspoolError INVALID_OPTION
 */
export function natsLeases(connection: NatsConnection, options: NatsLeasesOptions): NatsLeases {
  return new NatsLeases(connection, options);
}

/** What `natsLeases()` gives. */
export class NatsLeases implements Leases, AsyncDisposable {
  readonly ttlMs: number;
  /** Who this process is, in words. */
  readonly owner: string;
  readonly #bucket: Bucket;
  readonly #others: OtherSessions;
  readonly #held = new Map<string, Held>();
  readonly #keys = new LeaseKeys();
  #session: Promise<Session> | undefined;

  constructor(connection: NatsConnection, options: NatsLeasesOptions) {
    checkConnection(connection);
    checkKeys("", options, ["bucket", "owner", "ttlMs", "create"]);
    const { bucket, owner, ttlMs, create = false } = options;
    checkName("bucket", bucket);
    checkText("owner", owner);
    checkMs("ttlMs", ttlMs, 1_000);
    if (typeof create !== "boolean") checkBucketLimits("create", create);
    this.ttlMs = ttlMs;
    this.owner = owner;
    const limits = create === true ? {} : create || undefined;
    this.#bucket = new Bucket(connection, bucket, limits, ttlMs);
    this.#others = new OtherSessions(this.#bucket, owner);
  }

  get trouble(): LeaseTrouble | undefined {
    return this.#bucket.trouble;
  }

  async acquire(key: string, signal: AbortSignal): Promise<Lease> {
    const backoff = new Backoff(RETRY);
    for (;;) {
      signal.throwIfAborted();
      const acquiring = this.#acquire(key, signal);
      try {
        return await unlessAborted(acquiring, signal);
      } catch (error) {
        // It may have been had in the same moment.
        if (signal.aborted) acquiring.then(giveBack, () => {});
        signal.throwIfAborted();
        // NATS can't be reached, or has no leader: nobody else can have it meanwhile either.
        await sleep(isConflict(error) ? 0 : backoff.next().delayMs, signal);
      }
    }
  }

  /** This process holds the lease of `key` now; by its own clock, so also right after it was stopped for long. */
  holds(key: string): boolean {
    return this.#held.get(key)?.session.isAlive === true;
  }

  /** The container's lease was held by this process, and is not any more. */
  hasLost(container: string): boolean {
    const key = this.#keys.of(container);
    return key !== undefined && !this.holds(key);
  }

  /** Of the lease that this process holds, or held last. */
  tokenOf(key: string): number | undefined {
    return this.#held.get(key)?.token;
  }

  /** The owner that holds the lease of `key`, as it calls itself; undefined: nobody, or it is not known. */
  async holderOf(key: string): Promise<string | undefined> {
    const { value } = await this.#bucket.get(leaseKey(key));
    const session = value?.["session"];
    return typeof session === "string" ? this.#others.ownerOf(session) : undefined;
  }

  /** Gives back all: others go on at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    this.#session = undefined;
    await session?.end().catch(() => {});
  }

  async #acquire(key: string, signal: AbortSignal): Promise<Lease> {
    for (;;) {
      const session = await this.#alive();
      const { value, revision } = await this.#bucket.get(leaseKey(key));
      signal.throwIfAborted();
      const holder = value?.["session"];
      // Ours already, where an answer did not come, or while it is being given back: that is over with a new token.
      const isLeft = holder === session.id && !this.holds(key);
      const isFree = typeof holder !== "string" || isLeft || (await this.#others.hasEnded(holder));
      if (isFree) {
        const token = await this.#claim(key, session, revision);
        // Nobody waits for it any more.
        if (signal.aborted) await this.#bucket.remove(leaseKey(key), token);
        else if (session.isAlive) return this.#lease(key, session, token);
        signal.throwIfAborted();
      } else await this.#wait(holder, signal);
    }
  }

  /**
   * Resolves with the lease's token. Clusters of old servers check a revision some time before they write, so that two can pass; of these
   * only the last one passes again.
   */
  async #claim(key: string, session: Session, revision: number): Promise<number> {
    const value = { session: session.id };
    const claimed = await this.#bucket.put(leaseKey(key), value, revision);
    if (revision === 0) return claimed;
    await delay(this.ttlMs / CONFIRMATIONS, undefined, { ref: false });
    return await this.#bucket.put(leaseKey(key), value, claimed);
  }

  /** Until the holder has ended, or it is time to look at the key again. */
  async #wait(holder: string, signal: AbortSignal): Promise<void> {
    for (let look = 0; look < LOOKS_PER_KEY_LOOK; look++) {
      await delay(this.ttlMs / LOOKS, undefined, { signal, ref: false });
      if (await this.#others.hasEnded(holder)) return;
    }
  }

  async #alive(): Promise<Session> {
    for (;;) {
      const begun = (this.#session ??= Session.begin(this.#bucket, this.owner, this.ttlMs));
      try {
        const session = await begun;
        if (session.isAlive) return session;
      } catch (error) {
        if (this.#session === begun) this.#session = undefined;
        throw error;
      }
      if (this.#session === begun) this.#session = undefined;
    }
  }

  #lease(key: string, session: Session, token: number): Lease {
    const held = { session, token };
    this.#held.set(key, held);
    this.#keys.add(key, this.#held.size, (one) => this.#held.has(one));
    return {
      token,
      lost: session.lost,
      [Symbol.asyncDispose]: async () => {
        if (this.#held.get(key) !== held) return;
        this.#held.delete(key);
        if (session.isAlive) await this.#bucket.remove(leaseKey(key), token);
      },
    };
  }
}

function leaseKey(key: string): string {
  return `lease/${key}`;
}

function giveBack(lease: Lease): void {
  // Where that fails it ends with this process's session.
  lease[Symbol.asyncDispose]().then(undefined, () => {});
}
