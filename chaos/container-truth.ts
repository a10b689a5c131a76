import { epochNanoseconds } from "../src/index.ts";
import type { Acknowledged } from "./journal.ts";
import { Places } from "./places.ts";
import type { Found } from "./places.ts";
import type { CollectorRun } from "./run.ts";
import type { TrueLine, WorldContainer } from "./world.ts";

export interface Gap {
  readonly at: number;
  readonly after: string;
  readonly before: string | undefined;
}

/** What the engine's log and the collectors' journals say of one container. */
export interface ContainerVerdict {
  readonly container: WorldContainer;
  readonly truth: readonly TrueLine[];
  /** By place in the log: when each line came first; undefined: never. */
  readonly cameAt: readonly (number | undefined)[];
  readonly problems: readonly string[];
  readonly gaps: readonly Gap[];
  /** Lines that lie in gaps that were told. */
  readonly inGaps: number;
  /** Lines that came while the container's log was read from its files. */
  readonly fromFiles: number;
  /** How often its log could not be read. */
  readonly refused: number;
  /** Lines that the engine had thrown away before anything of the container was read. */
  readonly forgotten: number;
  /** Lines that a collector got again after another one was killed, or after `detach()`. */
  readonly again: number;
  /** Lines behind an end that said it was not complete, and of containers that nobody could look at. */
  readonly cutOff: number;
  /** Where the log was damaged by hand. */
  readonly spoiled: number;
}

interface Record extends Found {
  readonly at: number;
  readonly id: string;
}

/** What one run of a collector said of a container. */
interface Heard {
  readonly records: readonly Record[];
  readonly gaps: readonly Gap[];
  readonly ends: readonly { readonly kind: string; readonly complete: boolean | undefined }[];
  readonly isAttached: boolean;
  /** Before which records it was detached, or attached again. */
  readonly pauses: ReadonlySet<number>;
  /** Positions saved by the end of the run: at least after so many records. */
  readonly savedAtLeast: number;
  /** It was killed before it began to save any: those that come after it know nothing of it. */
  readonly isUnknown: boolean;
}

const PROBLEMS_SHOWN = 6;
/** By how much what is told of two clocks may be apart. */
const CLOCKS_MS = 300;

/** Holds what came of one container against the engine's log. `mayBeUnseen`: why nobody may have known of its end. */
export class ContainerJudge {
  readonly #container: WorldContainer;
  readonly #truth: readonly TrueLine[];
  readonly #places: Places;
  /** Lines of which one piece came. */
  readonly #halves = new Map<number, "head" | "tail">();
  readonly #problems: string[] = [];
  readonly #cameAt: (number | undefined)[];
  readonly #ids = new Map<number, string>();
  #again = 0;
  #fromFiles = 0;
  #spoiled = 0;

  constructor(container: WorldContainer, truth: readonly TrueLine[]) {
    this.#container = container;
    this.#truth = truth;
    this.#cameAt = truth.map(() => undefined);
    this.#places = new Places(truth);
  }

  judge(runs: readonly CollectorRun[], mayBeUnseen: boolean): ContainerVerdict {
    let low = -1;
    const heard = runs.map((run) => this.#heard(run));
    for (const [number, run] of heard.entries()) {
      let last: number | undefined;
      for (const [index, record] of run.records.entries()) {
        const { place, at, piece } = record;
        const isRest = piece === "tail" && place === last;
        if (last === undefined) {
          if (place < low || (place === low && piece !== "tail"))
            this.#tell(`G7: run ${number + 1} goes back to line ${place}, though ${low} was saved`);
        } else if (place <= last && !isRest && !run.pauses.has(index)) {
          this.#tell(`G2: line ${place} came behind line ${last}: ${this.#shown(place)}`);
        }
        if (this.#cameAt[place] !== undefined) this.#again++;
        else if (this.#isWhole(record)) this.#cameAt[place] = at;
        this.#checkId(record);
        last = place;
      }
      for (const { place } of run.records.slice(0, run.savedAtLeast)) low = Math.max(low, place);
    }
    const gaps = heard.flatMap((run) => run.gaps);
    const ends = heard.flatMap((run) => run.ends);
    const isAttached = heard.some((run) => run.isAttached);
    const known = heard.flatMap(({ records, isUnknown }) => (isUnknown ? [] : records));
    const missing = this.#missing(gaps, ends, isAttached, mayBeUnseen, known);
    return {
      container: this.#container,
      truth: this.#truth,
      cameAt: this.#cameAt,
      problems: this.#problems,
      gaps,
      ...missing,
      again: this.#again,
      fromFiles: this.#fromFiles,
      refused: ends.filter(({ kind }) => kind === "skipped").length,
      spoiled: this.#spoiled,
    };
  }

  /** With what came before it. */
  #isWhole({ place, piece }: Record): boolean {
    if (piece === undefined || this.#truth[place]?.droppedAt !== undefined) return true;
    const half = this.#halves.get(place);
    this.#halves.set(place, piece);
    return half !== undefined && half !== piece;
  }

  #missing(
    gaps: readonly Gap[],
    ends: Heard["ends"],
    isAttached: boolean,
    mayBeUnseen: boolean,
    known: readonly Record[],
  ): { readonly inGaps: number; readonly cutOff: number; readonly forgotten: number } {
    const spans = gaps.map((gap) => ({ ...gap, span: this.#spanOf(gap) }));
    const firstCame = this.#cameAt.findIndex((at) => at !== undefined);
    const firstKnown = known.reduce((first, { place }) => Math.min(first, place), Infinity);
    const beganAt = known.find(({ place }) => place === firstKnown)?.at ?? Infinity;
    const lastCame = this.#cameAt.findLastIndex((at) => at !== undefined);
    const isTold = ends.some(({ kind, complete }) => kind === "skipped" || complete === false);
    const isWhole = ends.some(({ complete }) => complete === true);
    const count = { inGaps: 0, cutOff: 0, forgotten: 0 };
    let before = "";
    for (const [place, line] of this.#truth.entries()) {
      if (this.#cameAt[place] !== undefined) continue;
      const { writtenAt, droppedAt, isDamaged } = line;
      const isBehind = place > lastCame;
      const within = spans.filter(
        ({ at, span: [first, last] }) =>
          first <= place && place <= last && writtenAt <= at + CLOCKS_MS,
      );
      const isInGap = within.length > 0;
      // Behind a gap reading goes on with what is later than all that is known: an engine's clock may have been set back.
      // What a run has left without an end was read, and the next run's text, which is joined to it, is as new as its own time.
      const isHalf = this.#halves.has(place);
      const isEarlier = !isHalf && within.some(({ after }) => !isLater(line.timestamp, after));
      const isSpoiled = isDamaged || this.#container.isDamaged;
      let untold = "";
      if (isInGap && (droppedAt !== undefined || isSpoiled || isEarlier)) count.inGaps++;
      else if (isInGap) untold = "lie in a gap, though the engine has them";
      else if (isDamaged) this.#spoiled++;
      // What the engine threw away before anything was read is nobody's loss.
      else if (place < firstKnown && (droppedAt ?? Infinity) < beganAt) count.forgotten++;
      else if (isBehind && isTold) count.cutOff++;
      else if (firstCame === -1 && droppedAt !== undefined) count.forgotten++;
      else if (isBehind && !isWhole && mayBeUnseen) count.cutOff++;
      else untold = `are missing, and nothing tells${isAttached ? "" : " (it was never attached)"}`;
      if (untold !== "" && untold !== before)
        this.#tell(
          `G3: of ${this.#truth.length} lines those from line ${place} on ${untold}: ${this.#shown(place)}; gaps ${JSON.stringify(gaps.slice(0, 4))}; ends ${JSON.stringify(ends)}`,
        );
      before = untold;
    }
    return count;
  }

  /** The places that a gap may be about. */
  #spanOf({ after, before }: Gap): readonly [first: number, last: number] {
    const first = after === "" ? 0 : this.#firstAt(after);
    return [first, before === undefined ? this.#truth.length : this.#lastAt(before)];
  }

  #firstAt(timestamp: string): number {
    const same = this.#truth.findIndex((line) => line.timestamp === timestamp);
    if (same !== -1) return same;
    const time = epochNanoseconds(timestamp);
    const later = this.#truth.findIndex((line) => epochNanoseconds(line.timestamp) > time);
    return later === -1 ? this.#truth.length : later;
  }

  #lastAt(timestamp: string): number {
    const same = this.#truth.findLastIndex((line) => line.timestamp === timestamp);
    if (same !== -1) return same;
    const time = epochNanoseconds(timestamp);
    return this.#truth.findLastIndex((line) => epochNanoseconds(line.timestamp) < time);
  }

  #checkId({ place, id, piece }: Record): void {
    if (piece !== undefined) return;
    const known = this.#ids.get(place);
    if (known === undefined) this.#ids.set(place, id);
    else if (known !== id && !this.#container.isDamaged)
      this.#tell(`G7: line ${place} has another id when it comes again`);
  }

  #heard({ journal, end }: CollectorRun): Heard {
    const records: Record[] = [];
    const gaps: Gap[] = [];
    const ends: { kind: string; complete: boolean | undefined }[] = [];
    const pauses = new Set<number>();
    const { id } = this.#container;
    let isAttached = false;
    let isFromFiles = false;
    let savedAtLeast = 0;
    let pending: Acknowledged | undefined;
    let hasSaved = false;
    for (const entry of journal) {
      switch (entry[0]) {
        case "record":
          if (entry[2] !== id) break;
          if (isFromFiles) this.#fromFiles++;
          this.#add(entry, records);
          break;
        case "attach":
        case "detach":
          if (entry[2] === id) pauses.add(records.length);
          break;
        case "save":
          pending = entry[1][id];
          hasSaved ||= pending !== undefined;
          break;
        case "saved":
          savedAtLeast = Math.max(savedAtLeast, pending?.[0] ?? 0);
          break;
        case "status": {
          const [, , name, container, detail] = entry;
          if (container !== id) break;
          if (name === "attached") {
            isAttached = true;
            pauses.add(records.length);
          }
          if (name === "reading") isFromFiles = fields(detail)["via"] === "files";
          if (name === "gap") gaps.push(gapOf(entry[1], detail));
          if (name === "skipped") ends.push({ kind: name, complete: undefined });
          if (name === "detached") {
            const told = endOf(detail);
            // What a collector had read of a container that is gone, and had not delivered when it was killed, went with it.
            const isLost = told.complete === true && end === "killed";
            ends.push(isLost ? { ...told, complete: false } : told);
          }
          break;
        }
        default:
      }
    }
    const isUnknown = end === "killed" && !hasSaved;
    return { records, gaps, ends, isAttached, pauses, savedAtLeast, isUnknown };
  }

  #add(
    [, at, , stream, timestamp, isTruncated, id, line]: Extract<
      CollectorRun["journal"][number],
      readonly ["record", ...unknown[]]
    >,
    records: Record[],
  ): void {
    const found = this.#places.find({ stream, timestamp, line }, isTruncated);
    if (found !== undefined) records.push({ at, id, ...found });
    else if (this.#container.isDamaged) this.#spoiled++;
    else
      this.#tell(
        `G2: a line came that the log does not have: ${stream} ${timestamp} ${JSON.stringify(line.slice(0, 80))}, ${line.length} characters${isTruncated ? ", truncated" : ""}`,
      );
  }

  #shown(place: number): string {
    const line = this.#truth[place];
    if (line === undefined) return "nothing";
    return `${line.stream} ${line.timestamp} ${JSON.stringify(line.line.slice(0, 60))}`;
  }

  #tell(text: string): void {
    const { name, id, kind } = this.#container;
    if (this.#problems.length < PROBLEMS_SHOWN)
      this.#problems.push(`${name} (${kind}, ${id.slice(0, 12)}): ${text}`);
  }
}

function isLater(timestamp: string, than: string): boolean {
  return than === "" || epochNanoseconds(timestamp) > epochNanoseconds(than);
}

function gapOf(at: number, detail: unknown): Gap {
  const { after, before } = fields(detail);
  return {
    at,
    after: typeof after === "string" ? after : "",
    before: typeof before === "string" ? before : undefined,
  };
}

function endOf(detail: unknown): { kind: string; complete: boolean | undefined } {
  const { reason } = fields(detail);
  const { kind, complete } = fields(reason);
  return {
    kind: typeof kind === "string" ? kind : "",
    complete: typeof complete === "boolean" ? complete : undefined,
  };
}

function fields(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
