import type { TrueLine } from "./world.ts";

/** What came of a line. */
export interface Found {
  /** Where it stands in the log. */
  readonly place: number;
  /** Where a line may come as two, it is no more than this. */
  readonly piece: "head" | "tail" | undefined;
}

type Line = Pick<TrueLine, "stream" | "timestamp" | "line">;

/** Where each line of a log stands in it. */
export class Places {
  readonly #truth: readonly TrueLine[];
  readonly #found = new Map<string, Found>();

  constructor(truth: readonly TrueLine[]) {
    this.#truth = truth;
    for (const [place, { stream, timestamp, cuts }] of truth.entries())
      for (const { head, tail, timestamp: later } of cuts) {
        this.#found.set(keyOf({ stream, timestamp, line: head }), { place, piece: "head" });
        this.#found.set(keyOf({ stream, timestamp: later, line: tail }), { place, piece: "tail" });
      }
    for (const [place, line] of truth.entries())
      this.#found.set(keyOf(line), { place, piece: undefined });
  }

  /** `isTruncated`: it is the beginning of a line. */
  find(line: Line, isTruncated: boolean): Found | undefined {
    return this.#found.get(keyOf(line)) ?? this.#findTorn(line, isTruncated);
  }

  #findTorn({ stream, timestamp, line }: Line, isTruncated: boolean): Found | undefined {
    const place = this.#truth.findIndex(
      (whole) =>
        whole.timestamp === timestamp &&
        whole.stream === stream &&
        (isTruncated || whole.isDamaged) &&
        whole.line.includes(line.replaceAll("\uFFFD", "")),
    );
    return place === -1 ? undefined : { place, piece: undefined };
  }
}

function keyOf({ stream, timestamp, line }: Line): string {
  return `${stream} ${timestamp} ${line}`;
}
