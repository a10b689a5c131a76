import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { KV, KvEntry } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { checkKeys } from "../checks.ts";
import { messageOf } from "../errors.ts";
import type { LeaseTrouble } from "../lifetime/lease.ts";
import { isConflict, isGone } from "./failures.ts";
import { checkReplicas } from "./options.ts";
import { steadyNow, toEpoch } from "../lifetime/steady-clock.ts";

/** A bucket, where it is created. */
export interface NatsBucketLimits {
  /** Nodes that keep a copy, 1 to 5; default 1. */
  replicas?: number;
}

/** How long an answer may take at most, in milliseconds. */
const ANSWER_WITHIN_MS = 5_000;

/** @throws DockspoolError INVALID_OPTION */
export function checkBucketLimits(place: string, limits: NatsBucketLimits): void {
  checkKeys(place, limits, ["replicas"]);
  if (limits.replicas !== undefined) checkReplicas(`${place}.replicas`, limits.replicas);
}

/** The last entry of a key. `value` undefined: there is none. */
export interface BucketEntry {
  readonly value: Record<string, unknown> | undefined;
  /** What a later write must know; 0 where there is none. */
  readonly revision: number;
}

interface Opened {
  readonly kv: KV;
  readonly manager: JetStreamManager;
}

/** A key-value bucket in which each write is by compare-and-set, and what is removed leaves nothing behind. */
export class Bucket {
  readonly #connection: NatsConnection;
  readonly #name: string;
  readonly #create: NatsBucketLimits | undefined;
  readonly #answerWithinMs: number;
  /** `since`: by `steadyNow()`. */
  #trouble: LeaseTrouble | undefined;
  #opened: Promise<Opened> | undefined;

  /** `create`: where it is not there; undefined: then every call rejects. */
  constructor(
    connection: NatsConnection,
    name: string,
    create: NatsBucketLimits | undefined,
    answerWithinMs: number = ANSWER_WITHIN_MS,
  ) {
    this.#connection = connection;
    this.#name = name;
    this.#create = create;
    this.#answerWithinMs = Math.min(answerWithinMs, ANSWER_WITHIN_MS);
  }

  /** Why it can't be asked, since the last answer. */
  get trouble(): LeaseTrouble | undefined {
    const trouble = this.#trouble;
    return trouble && { ...trouble, since: toEpoch(trouble.since) };
  }

  get(key: string): Promise<BucketEntry> {
    return this.#asked(async ({ kv }) => {
      const entry = await kv.get(encodeKey(key));
      return { value: valueOf(entry), revision: entry?.revision ?? 0 };
    });
  }

  /** Resolves with the new revision. @throws JetStreamApiError of `isConflict` where another one was written since `revision` */
  put(
    key: string,
    value: object,
    revision: number,
    timeout: number = this.#answerWithinMs,
  ): Promise<number> {
    const options = { previousSeq: revision, timeout };
    return this.#asked(({ kv }) => kv.put(encodeKey(key), JSON.stringify(value), options));
  }

  /** Removes what was written up to this revision, and nothing later; without it, whatever there is. */
  async remove(key: string, revision?: number): Promise<void> {
    const filter = this.#subject(encodeKey(key));
    const which = revision === undefined ? {} : { seq: revision + 1 };
    await this.#asked(({ manager }) => manager.streams.purge(this.#stream, { filter, ...which }));
  }

  /** The keys that begin with `prefix`. */
  async keys(prefix: string): Promise<string[]> {
    const whole = prefix.slice(0, prefix.lastIndexOf("/") + 1).slice(0, -1);
    const filter = this.#subject(whole === "" ? ">" : `${encodeKey(whole)}.>`);
    const { state } = await this.#asked(({ manager }) =>
      manager.streams.info(this.#stream, { subjects_filter: filter }),
    );
    const skip = this.#subject("").length;
    return Object.keys(state.subjects ?? {})
      .map((subject) => decodeKey(subject.slice(skip)))
      .filter((key) => key.startsWith(prefix));
  }

  get #stream(): string {
    return `KV_${this.#name}`;
  }

  #subject(key: string): string {
    return `$KV.${this.#name}.${key}`;
  }

  async #asked<T>(ask: (opened: Opened) => Promise<T>): Promise<T> {
    const opening = this.#open();
    try {
      const answer = await ask(await opening);
      this.#trouble = undefined;
      return answer;
    } catch (error) {
      // Whoever asks next makes it anew, where that was asked for.
      if (isGone(error) && this.#opened === opening) this.#opened = undefined;
      this.#trouble = isConflict(error) ? undefined : this.#troubleBy(error);
      throw error;
    }
  }

  #troubleBy(cause: unknown): LeaseTrouble {
    const message = `bucket "${this.#name}" of NATS JetStream can't be asked: ${messageOf(cause)}`;
    const since = this.#trouble?.since ?? steadyNow();
    return { since, error: new Error(message, { cause }) };
  }

  #open(): Promise<Opened> {
    const opened = (this.#opened ??= this.#openNow());
    // It is tried again by whoever asks next.
    opened.catch(() => {
      if (this.#opened === opened) this.#opened = undefined;
    });
    return opened;
  }

  async #openNow(): Promise<Opened> {
    const options = { timeout: this.#answerWithinMs };
    const buckets = new Kvm(jetstream(this.#connection, options));
    // Only the leader of a bucket knows its newest revision: no direct reads.
    const kv =
      this.#create === undefined
        ? await buckets.open(this.#name, { allow_direct: false })
        : await buckets.create(this.#name, {
            history: 1,
            replicas: this.#create.replicas ?? 1,
            allow_direct: false,
          });
    return { kv, manager: await jetstreamManager(this.#connection, options) };
  }
}

function valueOf(entry: KvEntry | null): Record<string, unknown> | undefined {
  return entry === null || entry.operation !== "PUT" ? undefined : entry.json();
}

/** Parts between slashes are tokens; what a token may not hold is "=" and two hex digits for each byte. An empty part is "=". */
export function encodeKey(key: string): string {
  return key.split("/").map(encodePart).join(".");
}

export function decodeKey(encoded: string): string {
  return encoded.split(".").map(decodePart).join("/");
}

function encodePart(part: string): string {
  if (part === "") return "=";
  let encoded = "";
  for (const byte of Buffer.from(part)) {
    const character = String.fromCharCode(byte);
    encoded += /^[-\w]$/.test(character)
      ? character
      : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

function decodePart(part: string): string {
  if (part === "=") return "";
  const bytes = part.replaceAll(/=([0-9A-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, "latin1").toString();
}
