import type { Entries } from "../wire/entry.ts";
import { isEndedByDamage } from "./traits.ts";
import type { EngineTraits } from "./traits.ts";
import { steadyNow } from "../lifetime/steady-clock.ts";

/** What is stamped so much later than a failure was written behind all that may have caused it. */
const MARGIN_MS = 2_000;

type State =
  /** Any tail may be asked for. */
  | { readonly type: "trusted" }
  /** A tail was not shown as long as it should be: a short log, a cut, or the engine's end. A read of the whole log is to tell. */
  | {
      readonly type: "doubted";
      /** So many entries were asked for, and so many came. */
      readonly failed: number;
      readonly shown: number;
      readonly least: Least;
      readonly isAgain: boolean;
    }
  /**
   * The whole log was read, and has no damage that shows. Its last `failed` entries were not shown as a tail; the last `proved` ones
   * were since.
   */
  | { readonly type: "acquitted"; readonly failed: number; readonly proved: number }
  /** There is damage. `sound`: so many entries are known to stand behind it, all stamped later than `fromMs`. */
  | {
      readonly type: "bounded";
      readonly least: Least;
      readonly sound: number;
      readonly fromMs: number;
      /** By our clock, in epoch milliseconds. */
      readonly since: number;
    };

/** A tail of one entry comes to damage only where that entry is it; 0: that has failed, too. */
type Least = 0 | 1;

const TRUSTED: State = { type: "trusted" };

/**
 * How long a tail of a log may be asked for. Docker before 23 ends itself where it looks for the beginning of a tail in files of its
 * `local` driver, and comes to a record whose two lengths differ. A read of the whole log never does that.
 */
export class TailBound {
  #state: State = TRUSTED;
  /** Undefined where any tail may be asked for, whatever happens. */
  readonly #changed: ((isTrusted: boolean) => void) | undefined;
  #isNews = false;

  /** `changed`: it is worth to be remembered, or not any more. Without that: of an engine that is not ended so. */
  constructor(changed?: (isTrusted: boolean) => void) {
    this.#changed = changed;
  }

  allows(tail: number): boolean {
    const state = this.#state;
    switch (state.type) {
      case "doubted":
        return tail <= state.least;
      case "bounded":
        return tail <= Math.max(state.least, state.sound);
      default:
        return true;
    }
  }

  /** There is damage, and nothing is known to stand behind it that could be asked for. */
  get hidesEnd(): boolean {
    return this.hiddenSince !== undefined;
  }

  /** Since when, in epoch milliseconds. */
  get hiddenSince(): number | undefined {
    const state = this.#state;
    return state.type === "bounded" && !this.allows(1) ? state.since : undefined;
  }

  /** True once for each time that it has become known that tails are not to be asked for. */
  takeNews(): boolean {
    const isNews = this.#isNews;
    this.#isNews = false;
    return isNews;
  }

  /**
   * The last `tail` entries were asked for, and only `shown` came. `now`: by the clock that stamps the log, in epoch milliseconds.
   */
  failed(tail: number, shown: number, now: number): void {
    if (this.#changed === undefined) return;
    const state = this.#state;
    const least = (before: Least = 1): Least => (tail > 1 ? before : 0);
    switch (state.type) {
      case "trusted":
      case "acquitted": {
        const isAgain = state.type === "acquitted" && tail > state.proved;
        this.#enter({ type: "doubted", failed: tail, shown, least: least(), isAgain });
        break;
      }
      case "doubted":
        this.#enter({ ...state, least: least(state.least), isAgain: true });
        break;
      case "bounded":
        this.#bound(least(state.least), now);
    }
  }

  /**
   * So many were asked for, and the read was closed before any of them came: the engine may have ended in that moment, which is no more
   * than a reason to read the whole log next.
   */
  closed(tail: number): void {
    const state = this.#state;
    if (this.#changed === undefined || state.type === "doubted" || state.type === "bounded") return;
    this.#enter({ type: "doubted", failed: tail, shown: 0, least: 1, isAgain: false });
  }

  /** They came, or of a shorter log all that there was. */
  shown(tail: number): void {
    const state = this.#state;
    if (state.type !== "acquitted") return;
    const proved = Math.max(state.proved, tail);
    this.#enter(proved >= state.failed ? TRUSTED : { ...state, proved });
  }

  /** A read of the whole log has come to the place that was reached, behind so many entries. */
  readWhole(before: number, now: number): void {
    const state = this.#state;
    if (state.type !== "doubted") return;
    // The tail has shown all that there was.
    if (before <= state.shown) this.#enter(TRUSTED);
    else if (state.isAgain) this.#bound(state.least, now);
    else this.#enter({ type: "acquitted", failed: state.failed, proved: 0 });
  }

  /** A read has come to a damaged record. */
  sawDamage(now: number): void {
    const state = this.#state;
    if (this.#changed === undefined || state.type === "bounded") return;
    this.#bound(state.type === "doubted" ? state.least : 1, now);
  }

  /** A follow without a tail has shown a new entry: the last one can be asked for. */
  heard(): void {
    const state = this.#state;
    if (state.type === "bounded") this.#enter({ ...state, least: 1 });
  }

  /** These are new. */
  came(entries: Entries): void {
    const state = this.#state;
    if (state.type === "trusted" || entries.length === 0) return;
    if (state.type !== "bounded") {
      const failed = state.failed + entries.length;
      const isProved = state.type === "acquitted";
      this.#state = isProved
        ? { ...state, failed, proved: state.proved + entries.length }
        : { ...state, failed };
      return;
    }
    const first = Date.parse(entries.at(0)?.timestamp ?? "");
    if (first > state.fromMs) this.#state = { ...state, sound: state.sound + entries.length };
  }

  #bound(least: Least, now: number): void {
    this.#isNews = this.#state.type !== "bounded";
    this.#enter({ type: "bounded", least, sound: 0, fromMs: now + MARGIN_MS, since: steadyNow() });
  }

  #enter(state: State): void {
    this.#state = state;
    this.#changed?.(state.type === "trusted");
  }
}

/** What an inspection tells. */
interface Known {
  readonly info: { readonly id: string; readonly logDriver: string };
  readonly traits: EngineTraits;
}

/** So many are remembered at most: those that were changed last. */
const MOST_REMEMBERED = 1_000;

/** What is known of an engine's logs for as long as it is asked, whoever reads them. */
export class TailBounds {
  readonly #remembered = new Map<string, TailBound>();

  of({ info: { id, logDriver }, traits }: Known): TailBound {
    if (!isEndedByDamage(traits, logDriver)) return new TailBound();
    const known = this.#remembered.get(id);
    if (known !== undefined) return known;
    const bound: TailBound = new TailBound((isTrusted) => {
      this.#remembered.delete(id);
      if (!isTrusted) this.#remembered.set(id, bound);
      const [oldest] = this.#remembered.keys();
      if (this.#remembered.size > MOST_REMEMBERED && oldest !== undefined)
        this.#remembered.delete(oldest);
    });
    return bound;
  }
}
