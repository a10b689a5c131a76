import { onAbort } from "../../lifetime/abort.ts";
import type { Interest, Turn, TurnHolder, TurnRequest, Turns } from "../../source/host.ts";

export interface SlotsOptions {
  readonly maxStreams: number;
  /** The longest turn while others wait, in milliseconds from its first stream's opening. */
  readonly timeSliceMs: number;
  /** Nothing can be read, whoever has a turn: what was read is not taken. */
  readonly isBlocked: () => boolean;
}

interface Waiter {
  readonly interest: Interest;
  readonly since: number;
  readonly grant: () => void;
}

interface Slot {
  readonly holder: TurnHolder;
  /** Of a container that had just started. */
  readonly hasStarted: boolean;
  /** The turn is asked back. */
  isWanted: boolean;
}

/** A stream that has been silent for so long has brought what there was; at the least, and in times of its opening. */
const QUIET_MS = 20;
const QUIET_OPENINGS = 2;
/** At the most; and of a container that has just started, whose first lines are yet to be written. */
const LONGEST_QUIET_MS = 500;
/** What has just started keeps its turn for so long, whatever else starts: most of what is gone in a moment is gone by then. */
const FIRST_MOMENT_MS = 100;
/**
 * Turns cost: an opening each. While nobody who waits is known to have lines, a stream that has caught up keeps its turn for
 * so long that a fifth of an opening is under way at any time; while somebody has, two.
 */
const OPENINGS_UNDER_WAY = { active: 2, idle: 0.2 } as const;
/** With few streams, too, an opening is a small part of a turn. */
const LEAST_OPENINGS = 20;
/** Where no stream is open yet that could give its turn up. */
const LOOK_AGAIN_MS = 50;
/** How much the latest opening counts in the average. */
const WEIGHT = 0.1;

/**
 * Turns for log streams: at most `maxStreams` at once, the others wait, first come, first served; a container that has just
 * started goes ahead of all, and one that was never read of those that were. A stream that has caught up, or whose time is over, gives its turn up when others wait.
 */
export class Slots implements Turns {
  readonly #options: SlotsOptions;
  readonly #slots = new Set<Slot>();
  /** The earlier ones go first. */
  readonly #lanes = [new Set<Waiter>(), new Set<Waiter>(), new Set<Waiter>()] as const;
  readonly #interests: Record<Interest, number> = { started: 0, unread: 0, active: 0, idle: 0 };
  #granted = 0;
  #openingMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  get max(): number {
    return this.#options.maxStreams;
  }

  get taken(): number {
    return this.#slots.size;
  }

  get waiting(): number {
    return this.#lanes.reduce((sum, { size }) => sum + size, 0);
  }

  /** Turns given so far. */
  get granted(): number {
    return this.#granted;
  }

  /** How long the one that waits longest has waited. */
  get longestWaitMs(): number {
    const now = performance.now();
    const oldest = this.#lanes.map(([waiter]) => waiter?.since ?? now);
    return now - Math.min(...oldest);
  }

  take({ holder, interest, queued }: TurnRequest, signal: AbortSignal): Promise<Turn> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#slots.size < this.#options.maxStreams)
      return Promise.resolve(this.#grant(holder, interest));
    queued();
    // Whoever was told may have ended it.
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const lane = this.#laneOf(interest);
      const leave = (): void => {
        lane.delete(waiter);
        this.#interests[interest]--;
        unlink();
      };
      const waiter: Waiter = {
        interest,
        since: performance.now(),
        grant: () => {
          leave();
          resolve(this.#grant(holder, interest));
        },
      };
      lane.add(waiter);
      this.#interests[interest]++;
      const unlink = onAbort(signal, () => {
        leave();
        if (this.waiting === 0) clearTimeout(this.#timer);
        reject(signal.reason);
      });
      this.#arrange();
    });
  }

  #grant(holder: TurnHolder, interest: Interest): Turn {
    const slot: Slot = { holder, hasStarted: interest === "started", isWanted: false };
    this.#slots.add(slot);
    this.#granted++;
    return {
      release: () => {
        if (this.#slots.delete(slot)) this.#arrange();
      },
    };
  }

  #laneOf(interest: Interest): Set<Waiter> {
    const [started, unread, others] = this.#lanes;
    return { started, unread, active: others, idle: others }[interest];
  }

  /** Fills free slots, and asks for as many turns back as are wanted. */
  #arrange(): void {
    clearTimeout(this.#timer);
    while (this.#slots.size < this.#options.maxStreams) {
      const [waiter] = this.#lanes.find(({ size }) => size > 0) ?? [];
      if (waiter === undefined) return;
      waiter.grant();
    }
    let wanted = this.waiting;
    for (const { isWanted } of this.#slots) if (isWanted) wanted--;
    if (wanted <= 0) return;
    if (this.#options.isBlocked()) {
      this.#lookAgain(this.#options.timeSliceMs);
      return;
    }
    const now = performance.now();
    const candidates: { readonly slot: Slot; readonly at: number }[] = [];
    for (const slot of this.#slots) {
      if (!slot.isWanted) candidates.push({ slot, at: this.#endOf(slot) });
    }
    candidates.sort((a, b) => a.at - b.at);
    for (const { slot, at } of candidates) {
      if (at > now) {
        this.#lookAgain(Math.min(at - now, LOOK_AGAIN_MS));
        return;
      }
      slot.isWanted = true;
      slot.holder.yield();
      if (--wanted === 0) return;
    }
  }

  /** When a turn is over, as long as its stream brings nothing more. */
  #endOf({ holder, hasStarted }: Slot): number {
    const stream = holder.stream();
    if (stream === undefined) return Infinity;
    const { openingMs, servedSince, quietSince } = stream;
    this.#openingMs += WEIGHT * (openingMs - this.#openingMs);
    // A container that has just started may be gone in a moment: any turn will do, the one that has lasted longest first.
    if (this.#interests.started > 0)
      return hasStarted ? servedSince + FIRST_MOMENT_MS : servedSince;
    const { timeSliceMs } = this.#options;
    const quietMs = hasStarted
      ? LONGEST_QUIET_MS
      : Math.min(Math.max(QUIET_MS, QUIET_OPENINGS * openingMs), LONGEST_QUIET_MS);
    const caughtUp = Math.max(quietSince + quietMs, servedSince + this.#leastMs());
    // Not from the grant on: where openings take long, turns would be over before they bring anything.
    return Math.min(servedSince + timeSliceMs, caughtUp);
  }

  /** For how long a stream that has caught up keeps its turn. */
  #leastMs(): number {
    const { maxStreams, timeSliceMs } = this.#options;
    const interests = this.#interests;
    const interest =
      interests.started + interests.unread > 0
        ? "unread"
        : interests.active > 0
          ? "active"
          : "idle";
    if (interest === "unread") return 0;
    const openings = Math.max(maxStreams / OPENINGS_UNDER_WAY[interest], LEAST_OPENINGS);
    return Math.min(this.#openingMs * openings, timeSliceMs);
  }

  #lookAgain(ms: number): void {
    this.#timer = setTimeout(() => this.#arrange(), Math.ceil(ms));
  }
}
