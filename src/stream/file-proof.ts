import { deadline } from "../lifetime/deadline.ts";
import type { Entry } from "../wire/entry.ts";
import { coarsen, compareTimestamps, fractionDigits } from "../wire/timestamps.ts";
import { copyOf } from "./certain-lines.ts";
import type { LogReader, Visit } from "./log-reader.ts";
import { firstOf } from "./plain-read.ts";

/** What is later than the engine's last entry by so much stands behind it: timestamps of two streams run backwards by less. */
const DISORDER_MS = 2_000;
/** While the files change one of them may be missed: so often the entry is not to be found. */
const LOOKS = 3;
/** As a rule it is among the last ones. */
const LAST_ENTRIES = 64;
const SECONDS = 19;
/** The engine's answer is not waited for longer: some never find the end of a log that was emptied by hand. */
const ANSWER_MS = 3_000;

/** Whether a log file is this container's. "not known": the engine shows no last entry to compare. */
export type Proof = "proved" | "another" | "not known";

/** Looks whether the file has what the engine says is the log's last entry. @throws DockspoolError; the signal's reason */
export async function proveFiles(
  engine: LogReader,
  files: LogReader,
  signal: AbortSignal,
): Promise<Proof> {
  // Podman shows a line that is being written in pieces.
  const isSameText = !engine.inspection.traits.unstableParts;
  let isOvertaken = false;
  for (let look = 0; look < LOOKS; look++) {
    const last = await lastOfEngine(engine, signal);
    if (last === undefined) return "not known";
    const found = await lookFor(files, last, isSameText, signal);
    if (found === "shown") return "proved";
    isOvertaken ||= found === "overtaken";
  }
  return isOvertaken ? "not known" : "another";
}

async function lastOfEngine(engine: LogReader, parent: AbortSignal): Promise<Entry | undefined> {
  const limit = deadline(ANSWER_MS, parent);
  try {
    const last = await firstOf(engine, 1, limit.signal);
    return last && copyOf(last);
  } catch (error) {
    if (limit.expired && !parent.aborted) return undefined;
    throw error;
  } finally {
    limit.release();
  }
}

/** "overtaken": all that is there is later, so the engine has thrown it away since. What was written since may be much. */
async function lookFor(
  files: LogReader,
  wanted: Entry,
  isSameText: boolean,
  signal: AbortSignal,
): Promise<"shown" | "overtaken" | "missing"> {
  const query = { follow: false, tail: LAST_ENTRIES };
  const last = new ProofSearch(wanted, isSameText, LAST_ENTRIES);
  await files.read(query, { visit: last.visit }, signal);
  if (last.isShown) return "shown";
  const group = { timestamp: wanted.timestamp, count: 1, digest: 0n };
  const from = await files.seek({ groups: [group], whole: false, open: [] }, 1, signal);
  if (from === undefined) return "missing";
  const search = new ProofSearch(wanted, isSameText);
  await files.read({ ...query, from }, { visit: search.visit }, signal);
  if (search.isShown) return "shown";
  return search.isOvertaken ? "overtaken" : "missing";
}

/** Looks for one entry in what is read. */
class ProofSearch {
  readonly #wanted: Entry;
  readonly #isSameText: boolean;
  readonly #limit: number;
  readonly #least: number;
  #first: string | undefined;
  #seen = 0;
  #isShown = false;

  /** `least`: so many entries are looked at in any case, since a clock may have been set back between them. */
  constructor(wanted: Entry, isSameText: boolean, least: number = 0) {
    this.#wanted = wanted;
    this.#least = least;
    this.#isSameText = isSameText;
    this.#limit = Date.parse(wanted.timestamp) + DISORDER_MS;
  }

  get isShown(): boolean {
    return this.#isShown;
  }

  /** What was read first is later. */
  get isOvertaken(): boolean {
    return this.#first !== undefined && compareTimestamps(this.#first, this.#wanted.timestamp) > 0;
  }

  readonly visit: Visit = (entries) => {
    this.#first ??= entries.at(0)?.timestamp;
    for (const entry of entries) this.#isShown ||= this.#isWanted(entry);
    this.#seen += entries.length;
    const last = entries.at(-1);
    const isLater = last !== undefined && Date.parse(last.timestamp) > this.#limit;
    const isBehind = isLater && this.#seen >= this.#least;
    return this.#isShown || isBehind ? "stop" : undefined;
  };

  #isWanted(entry: Entry): boolean {
    const { stream, timestamp, text } = this.#wanted;
    if (!isOneTime(entry.timestamp, timestamp)) return false;
    return !this.#isSameText || (entry.stream === stream && entry.text.equals(text));
  }
}

/** At the coarser precision of the two. */
function isOneTime(one: string, other: string): boolean {
  if (one.slice(0, SECONDS) !== other.slice(0, SECONDS)) return false;
  const digits = Math.min(fractionDigits(one), fractionDigits(other));
  return coarsen(one, digits) === coarsen(other, digits);
}
