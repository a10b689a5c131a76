import type { Acknowledged, JournalEntry, WrittenRecord } from "./crash-journal.ts";

/** A container's lines, each once, in the order in which they came first. */
interface Account {
  readonly lines: WrittenRecord[];
  readonly places: Map<string, number>;
  /** Where the next run goes on: no earlier, and no later. */
  low: number;
  high: number;
}

export interface RunOutcome {
  readonly run: number;
  readonly lines: number;
  /** Of them, those that an earlier run had written. */
  readonly repeated: number;
  /** How many were in flight, or acknowledged since the last save, at the kill before. */
  readonly allowed: number;
  /** Lines that all runs before had written, each once. */
  readonly known: number;
  readonly saves: number;
  /** By how many lines the saved positions moved on. */
  readonly moved: number;
  /** The first things that are not as they have to be. */
  readonly problems: readonly string[];
}

/** Follows what runs of a collector write, and knows from their journals where each of them has to go on. */
export class CrashLedger {
  readonly #accounts = new Map<string, Account>();

  /** All lines by now, each once. */
  get size(): number {
    return this.#sum(({ lines }) => lines.length);
  }

  /** The positions saved by now, at the least. */
  get saved(): number {
    return this.#sum(({ low }) => low);
  }

  lines(container: string): readonly WrittenRecord[] {
    return this.#accounts.get(container)?.lines ?? [];
  }

  add(
    run: number,
    records: readonly WrittenRecord[],
    journal: readonly JournalEntry[],
  ): RunOutcome {
    const known = this.size;
    const before = this.saved;
    const problems: string[] = [];
    const begun = new Map<string, number>();
    const next = new Map<string, number>();
    let repeated = 0;
    for (const record of records) {
      const { container, id } = record;
      const account = this.#account(container);
      const earlier = account.places.get(id);
      const place = earlier ?? account.lines.length;
      if (!begun.has(container)) {
        begun.set(container, place);
        const { low, high } = account;
        if (place < low || place > high)
          problems.push(
            `run ${run} goes on at line ${place}, not from ${low} to ${high}: ${shown(record)}`,
          );
        // So this is what was saved.
        account.low = place;
        account.high = place;
      } else if (place !== next.get(container))
        problems.push(`run ${run}: line ${place}, not ${next.get(container)}: ${shown(record)}`);
      next.set(container, place + 1);
      if (earlier === undefined) {
        account.places.set(id, account.lines.length);
        account.lines.push(record);
      } else {
        repeated += 1;
        const first = account.lines[earlier];
        if (first !== undefined && !isSame(first, record))
          problems.push(`one id for two lines: ${shown(first)} and ${shown(record)}`);
      }
    }
    const saves = this.#applySaves(journal, begun);
    const allowed = known - before;
    const moved = this.saved - before;
    const lines = records.length;
    return { run, lines, repeated, allowed, known, saves, moved, problems: problems.slice(0, 5) };
  }

  #applySaves(journal: readonly JournalEntry[], begun: ReadonlyMap<string, number>): number {
    let saves = 0;
    let pending: Readonly<Record<string, Acknowledged>> = {};
    for (const entry of journal) {
      if (entry.type === "save") pending = entry.acknowledged;
      if (entry.type !== "saved") continue;
      saves += 1;
      for (const [id, [atLeast, atMost]] of Object.entries(pending)) {
        const account = this.#account(id);
        const first = begun.get(id) ?? 0;
        account.low = first + atLeast;
        account.high = first + atMost;
      }
      pending = {};
    }
    // The kill may have come just before or just behind the replacement of the file.
    for (const [id, [, atMost]] of Object.entries(pending))
      this.#account(id).high = (begun.get(id) ?? 0) + atMost;
    return saves;
  }

  #account(container: string): Account {
    const known = this.#accounts.get(container);
    if (known !== undefined) return known;
    const account: Account = { lines: [], places: new Map(), low: 0, high: 0 };
    this.#accounts.set(container, account);
    return account;
  }

  #sum(count: (account: Account) => number): number {
    let sum = 0;
    for (const account of this.#accounts.values()) sum += count(account);
    return sum;
  }
}

function isSame(a: WrittenRecord, b: WrittenRecord): boolean {
  return a.stream === b.stream && a.timestamp === b.timestamp && a.line === b.line;
}

function shown({ container, stream, timestamp, line }: WrittenRecord): string {
  return `${container.slice(0, 12)} ${stream} ${timestamp} ${JSON.stringify(line.slice(0, 60))}`;
}
