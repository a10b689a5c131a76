import { Aligner } from "../resume/aligner.ts";
import type { Position } from "../resume/position.ts";
import type { Entries } from "../wire/entry.ts";
import type { Asked, FollowedLog } from "./followed-log.ts";
import type { Look } from "./tail-size.ts";

/** Looks for the place in a reread, and begins anew the lines that are open there. */
export class PlaceSearch {
  readonly #log: FollowedLog;
  readonly #look: Look;
  /** The look is as long as was asked for. */
  readonly #isTail: boolean;
  readonly #aligner: Aligner;
  readonly #found: () => boolean;
  #isFound = false;

  /** `found`: the place is there; false where the beginning of what is open at it is not, and a longer look may show that. */
  constructor(
    log: FollowedLog,
    target: Position,
    look: Look,
    { isWhole, from }: Asked,
    found: () => boolean,
  ) {
    this.#log = log;
    this.#look = look;
    this.#isTail = look.tail !== "all" && from === undefined;
    this.#found = found;
    this.#aligner = new Aligner(target, isWhole);
    log.reading.beginReplay();
    if (from?.isPlace === true || this.#aligner.matched) this.#place();
  }

  get isFound(): boolean {
    return this.#isFound;
  }

  /** It may be found, but with less of what is open there than was known. */
  get isMatched(): boolean {
    return this.#aligner.matched;
  }

  /** How many entries were looked at before the place. */
  get seen(): number {
    return this.#aligner.seen;
  }

  /** This look will not show it. */
  get isHopeless(): boolean {
    return this.#aligner.matched ? !this.#isFound : this.#look.isTooShort;
  }

  /** From where on `entries` are new: none are while the place is not found. */
  push(entries: Entries): number {
    if (this.#isFound) return 0;
    const from = this.#aligner.push(entries);
    this.#log.reading.replay(entries, from);
    this.#look.add(entries, from);
    if (this.#aligner.matched) this.#place();
    return from;
  }

  #place(): void {
    this.#isFound = this.#found();
    if (this.#isFound && this.#isTail)
      this.#log.tailSize.found(this.#look.behind(this.#log.now), this.#log.now);
  }
}
