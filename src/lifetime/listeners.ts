import { types } from "node:util";
import { EventEmitter } from "eventemitter3";
import { isError, messageOf } from "../errors.ts";
import { isPromiseLike } from "./promise-like.ts";
import { giveJson } from "./status-json.ts";

/** `status` for whatever happens, and each status as an event of its own name: its `type`. */
export type StatusEvents<S extends { type: string }> = { status: (status: S) => void } & {
  [T in S["type"]]: (status: Extract<S, { type: T }>) => void;
};

type Names<S extends { type: string }> = EventEmitter.EventNames<StatusEvents<S>>;
type Listener<S extends { type: string }, T extends Names<S>> = EventEmitter.EventListener<
  StatusEvents<S>,
  T
>;

/**
 * Tells statuses. A listener does no harm: one that throws, or gives a promise that rejects, becomes a warning of the process,
 * and the others are told all the same.
 */
export class StatusEmitter<S extends { type: string }> extends EventEmitter<StatusEvents<S>> {
  /** What is called, by what the caller gave. */
  readonly #guards = new WeakMap<object, unknown>();

  override on<T extends Names<S>>(event: T, listener: Listener<S, T>, context?: unknown): this {
    callBase(this, "on", [event, this.#guarded(listener), context]);
    return this;
  }

  override addListener<T extends Names<S>>(
    event: T,
    listener: Listener<S, T>,
    context?: unknown,
  ): this {
    return this.on(event, listener, context);
  }

  override once<T extends Names<S>>(event: T, listener: Listener<S, T>, context?: unknown): this {
    callBase(this, "once", [event, this.#guarded(listener), context]);
    return this;
  }

  override off<T extends Names<S>>(
    event: T,
    listener?: Listener<S, T>,
    context?: unknown,
    once?: boolean,
  ): this {
    callBase(this, "off", [event, this.#known(listener), context, once]);
    return this;
  }

  override removeListener<T extends Names<S>>(
    event: T,
    listener?: Listener<S, T>,
    context?: unknown,
    once?: boolean,
  ): this {
    return this.off(event, listener, context, once);
  }

  #guarded(listener: unknown): unknown {
    // The emitter says what it thinks of it.
    if (typeof listener !== "function") return listener;
    const guard =
      this.#guards.get(listener) ??
      new Proxy(listener, {
        apply: (target, self, args) => callSafely(() => Reflect.apply(target, self, args)),
      });
    this.#guards.set(listener, guard);
    return guard;
  }

  #known(listener: unknown): unknown {
    return typeof listener === "function" ? (this.#guards.get(listener) ?? listener) : listener;
  }
}

/** By emitter, whoever hears of its statuses before its listeners do. */
const hearers = new WeakMap<object, object>();

/** The statuses are heard also where the caller removes all listeners. One hears of an emitter's. */
export function hearStatuses<S extends { type: string }>(
  emitter: StatusEmitter<S>,
  heard: (status: S) => void,
): void {
  hearers.set(emitter, heard);
}

/** Tells a status as "status", and as what it is. */
export function tellStatus<S extends { type: string }>(emitter: StatusEmitter<S>, status: S): void {
  giveJson(status);
  const hearer = hearers.get(emitter);
  if (typeof hearer === "function") callSafely(() => Reflect.apply(hearer, undefined, [status]));
  for (const event of ["status", status.type]) callBase(emitter, "emit", [event, status]);
}

/** Types of events are no matter here: a guard stands for a listener of any. */
function callBase(
  emitter: object,
  name: "on" | "once" | "off" | "emit",
  args: readonly unknown[],
): void {
  const method: unknown = Reflect.get(EventEmitter.prototype, name);
  if (typeof method === "function") Reflect.apply(method, emitter, args);
}

const WARNING = "DockspoolListenerWarning";

function callSafely(listener: () => unknown): void {
  try {
    const result = listener();
    if (isPromiseLike(result)) Promise.resolve(result).catch(warn);
  } catch (error) {
    warn(error);
  }
}

/** No reason to lose lines. */
function warn(error: unknown): void {
  try {
    process.emitWarning(isShowable(error) ? error : messageOf(error), WARNING);
  } catch {
    // Node.js takes no error of another realm.
    process.emitWarning(messageOf(error), WARNING);
  }
}

/** Node.js shows a warning later, by these and `toString()`: what they throw then ends the process. */
const SHOWN_BY = ["name", "code", "message", "stack", "detail"] as const;
const PLAIN: ReadonlySet<string> = new Set(["undefined", "string", "number"]);

function isShowable(error: unknown): error is Error {
  if (types.isProxy(error) || !isError(error)) return false;
  try {
    const isPlain = SHOWN_BY.every((name) => PLAIN.has(typeof Reflect.get(error, name)));
    return isPlain && typeof error.toString() === "string";
  } catch {
    return false;
  }
}
