import { randomUUID } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import { checkKeys, isObject } from "../checks.ts";
import { checkKey, checkKeyList, checkPrefix } from "../checkpoint/arguments.ts";
import { checkpointsAsJson } from "../checkpoint/checkpoint-json.ts";
import { unreadableEntry } from "../checkpoint/failures.ts";
import type { Checkpoint, CheckpointStore } from "../checkpoint/store.ts";
import { invalidOption } from "../errors.ts";
import type { DockspoolError } from "../errors.ts";
import { Bucket, checkBucketLimits } from "./bucket.ts";
import type { BucketEntry, NatsBucketLimits } from "./bucket.ts";
import { isConflict, keptByAnother, leaseLost } from "./failures.ts";
import { containerOf } from "./lease-keys.ts";
import { NatsLeases } from "./leases.ts";
import { checkConnection, checkName } from "./options.ts";

export interface NatsCheckpointStoreOptions {
  /** The key-value bucket. */
  bucket: string;
  /** Creates the bucket where it is not there. Default false. */
  create?: boolean | NatsBucketLimits;
  /** The pool's leases: then only who holds a container's lease moves its position, and the newest holder wins. */
  leases?: NatsLeases;
}

/** So many entries are written at once. */
const WRITES_AT_ONCE = 64;

/**
 * Positions in a key-value bucket of JetStream. Each save is a compare-and-set on the entry's revision: a collector that another one has
 * taken over from can't move a position back, and is told so by CHECKPOINT_UNWRITABLE.
 *
 * Needs the packages `@nats-io/transport-node`, `@nats-io/jetstream` and `@nats-io/kv`. The connection is yours.
 *
 * @throws DockspoolError INVALID_OPTION
 */
export class NatsCheckpointStore implements CheckpointStore {
  readonly #bucket: Bucket;
  readonly #leases: NatsLeases | undefined;
  /** By it a write of this store's own is known, of which no answer came. */
  readonly #id = randomUUID();
  readonly #revisions = new Map<string, number>();
  readonly #resumed = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(connection: NatsConnection, options: NatsCheckpointStoreOptions) {
    checkConnection(connection);
    checkKeys("", options, ["bucket", "create", "leases"]);
    const { bucket, create = false, leases } = options;
    checkName("bucket", bucket);
    if (typeof create !== "boolean") checkBucketLimits("create", create);
    if (leases !== undefined && !(leases instanceof NatsLeases))
      throw invalidOption("leases", leases, "what natsLeases() gave");
    this.#leases = leases;
    this.#bucket = new Bucket(connection, bucket, create === true ? {} : create || undefined);
  }

  async load(key: string): Promise<Checkpoint | undefined> {
    checkKey(key);
    const { value, revision } = await this.#bucket.get(key);
    this.#revisions.set(key, revision);
    if (value === undefined) return undefined;
    const { checkpoint } = value;
    if (!isObject(checkpoint)) throw unreadableEntry(key);
    this.#resumed.add(containerOf(key));
    return checkpoint;
  }

  /** Positions are saved before notes of engines, which must not know of a container whose position is not there. */
  async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    const texts = checkpointsAsJson(entries).map(([key, json]) => {
      const copy: unknown = JSON.parse(json);
      return [key, copy] as const;
    });
    await this.#next(async () => {
      await inTurn(texts.filter(isPosition), ([key, value]) => this.#write(key, value));
      await inTurn(
        texts.filter((entry) => !isPosition(entry)),
        ([key, value]) => this.#write(key, value),
      );
    });
  }

  async delete(keys: readonly string[]): Promise<void> {
    checkKeyList(keys);
    await this.#next(() =>
      inTurn(keys, async (key) => {
        await this.#bucket.remove(key);
        this.#revisions.delete(key);
        this.#resumed.delete(containerOf(key));
      }),
    );
  }

  async *keys(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    yield* await this.#bucket.keys(prefix);
  }

  /** A position of the container was loaded: what is read from there may be in the stream already. */
  hasResumed(container: string): boolean {
    return this.#resumed.has(container);
  }

  async #write(key: string, checkpoint: unknown): Promise<void> {
    for (;;) {
      if (isPosition([key]) && this.#leases?.holds(key) === false)
        throw await lostLease(key, this.#leases);
      const token = this.#leases?.tokenOf(key) ?? 0;
      const revision = this.#revisions.get(key) ?? (await this.#bucket.get(key)).revision;
      try {
        const value = { by: this.#id, owner: this.#leases?.owner, token, checkpoint };
        this.#revisions.set(key, await this.#bucket.put(key, value, revision));
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
        const entry = await this.#bucket.get(key);
        if (isPosition([key]) && !this.#isOurs(entry, token))
          throw keptByAnother(key, ownerOf(entry));
        this.#revisions.set(key, entry.revision);
      }
    }
  }

  /** What stands there is to be replaced: it is this store's own, or of a holder before. */
  #isOurs({ value }: BucketEntry, token: number): boolean {
    if (value === undefined || value["by"] === this.#id) return true;
    return typeof value["token"] === "number" && value["token"] < token;
  }

  /** One call after the other: the last one is the last. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work, work);
    this.#last = done.catch(() => {});
    return done;
  }
}

async function lostLease(key: string, leases: NatsLeases): Promise<DockspoolError> {
  const holder = await leases.holderOf(key).catch(() => undefined);
  const isOther = holder !== undefined && holder !== leases.owner;
  return isOther ? keptByAnother(key, holder) : leaseLost(key);
}

function ownerOf({ value }: BucketEntry): string | undefined {
  return typeof value?.["owner"] === "string" ? value["owner"] : undefined;
}

/** And no note of an engine: several pools that watch one engine have the same. */
function isPosition([key]: readonly [key: string, ...rest: unknown[]]): boolean {
  return key.includes("/");
}

/** A few at once. All are tried. @throws what the first one that failed threw */
async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (let index = 0; index < items.length; index += WRITES_AT_ONCE) {
    const settled = await Promise.allSettled(items.slice(index, index + WRITES_AT_ONCE).map(work));
    for (const one of settled) if (one.status === "rejected") failures.push(one.reason);
  }
  if (failures.length > 0) throw failures[0];
}
