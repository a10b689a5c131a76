import type { ContainerView } from "../container/container-view.ts";
import type { Inspection } from "../engine/inspection.ts";
import { DockspoolError } from "../errors.ts";
import { sleep } from "../lifetime/deadline.ts";
import type { FollowedLog } from "../stream/followed-log.ts";
import type { SourceHost } from "./host.ts";
import { closeFirst } from "./log-ways.ts";
import type { LogWays, Way } from "./log-ways.ts";
import type { Streams } from "./streams.ts";
import type { TurnKeeper } from "./turn.ts";

/** Where streams of a container that has exited go on for a while, rotations lead to a look so often. */
const ROTATING_LOOK_MS = 1_000;
/** A stream that was opened before the container ran serves for so long, where files are to be read. */
const HEAD_START_MS = 1_000;

interface Parts {
  readonly host: SourceHost;
  readonly view: ContainerView;
  readonly turn: TurnKeeper;
  readonly streams: Streams;
  readonly ways: LogWays;
}

/** One generation after the other of a container that runs. */
export class FollowLoop {
  readonly #parts: Parts;
  readonly #log: FollowedLog;
  readonly #inspection: Inspection;

  constructor(parts: Parts, log: FollowedLog, inspection: Inspection) {
    this.#parts = parts;
    this.#log = log;
    this.#inspection = inspection;
  }

  /**
   * Resolves when a stream has ended by itself, or when the container is to be looked at again: the turn was given up, or the log is
   * to be read another way.
   *
   * @throws DockspoolError; the signal's reason
   */
  async run(way: Way, signal: AbortSignal): Promise<"ended" | "look again"> {
    if (way.via === "engine") return this.#followLookedAt(way, signal);
    // A file does not end with its container's run.
    const { view, streams } = this.#parts;
    const watch = view.watchRun(this.#inspection.info.id, () => streams.lookNow(), signal);
    try {
      return await this.#follow(way, signal);
    } finally {
      await watch.close();
      await closeFirst(way);
    }
  }

  /** A source that stands alone is told of nothing that happens to its container. */
  async #followLookedAt(way: Way, signal: AbortSignal): Promise<"ended" | "look again"> {
    if (this.#parts.host.turns !== undefined) return this.#follow(way, signal);
    const over = new AbortController();
    const looks = this.#lookNowAndThen(over.signal);
    try {
      return await this.#follow(way, signal);
    } finally {
      over.abort();
      await looks;
    }
  }

  async #lookNowAndThen(signal: AbortSignal): Promise<void> {
    const { host, view, streams } = this.#parts;
    while (!signal.aborted) {
      await sleep(host.lookEveryMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        const { running } = await view.look(false, signal);
        if (!running) streams.isToEnd();
      } catch (error) {
        // What else is wrong ends the stream, too.
        if (DockspoolError.is(error, "CONTAINER_NOT_FOUND")) streams.isToEnd();
      }
    }
  }

  async #follow(first: Way, signal: AbortSignal): Promise<"ended" | "look again"> {
    const { view, turn, ways } = this.#parts;
    const { traits } = this.#inspection;
    const lookBy = performance.now() + ROTATING_LOOK_MS;
    let way = first;
    for (;;) {
      if (await turn.pass(signal)) return "look again";
      view.runs.opens();
      const end = await this.#generation(way, signal);
      const outlivesExit = way.via === "engine" && traits.followOutlivesExit;
      if (end === "closed" && outlivesExit && performance.now() > lookBy) {
        // Each stream may have been closed before it could end.
        view.changed();
        return "look again";
      }
      if (end === "closed") {
        if (way.via === "engine" && way.isHeadStart === true && ways.takesFiles) {
          // Its turn is of use to others at once.
          turn.give();
          return "look again";
        }
        // Nothing else is asked, whatever is there now.
        if (await ways.held.areNeeded()) continue;
        const { via } = way;
        const starting = { told: view.runs.told, headStart: undefined, isReopened: true };
        const next = await ways.choose(this.#inspection, starting, signal);
        if (next?.via !== via) return "look again";
        way = next;
        continue;
      }
      const isProper = way.via === "files" || traits.followReachesEnd;
      if (end === "complete" && isProper) view.runs.followedToEnd();
      this.#log.soundness.doubt();
      return "ended";
    }
  }

  async #generation(way: Way, signal: AbortSignal): ReturnType<Streams["follow"]> {
    const { host, view, streams, ways } = this.#parts;
    const generation = streams.follow(this.#inspection, this.#log, way, signal);
    if (way.via === "files") {
      // What has happened before it began was told to nobody.
      if (view.unchanged === undefined || host.finding?.isOutdated === true) streams.lookNow();
      return generation;
    }
    if (way.isHeadStart !== true || !ways.takesFiles) return generation;
    const over = new AbortController();
    const handover = this.#handOver(over.signal);
    try {
      return await generation;
    } finally {
      over.abort();
      await handover;
    }
  }

  /** What lives longer than a moment is read from its files. */
  async #handOver(signal: AbortSignal): Promise<void> {
    const { streams, ways } = this.#parts;
    await sleep(HEAD_START_MS, signal).catch(() => {});
    if (signal.aborted) return;
    if (await ways.isToHandOver(this.#inspection, signal)) void streams.closeSoon("turn");
  }
}
