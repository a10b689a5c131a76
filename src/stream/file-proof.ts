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
  const group = { timestamp: wanted.timestamp, count: 1, digest: 0n };
  const from = await files.seek({ groups: [group], whole: false, open: [] }, 1, signal);
  if (from === undefined) return "missing";
  const limit = Date.parse(wanted.timestamp) + DISORDER_MS;
  let first: string | undefined;
  let isShown = false;
  const visit: Visit = (entries) => {
    first ??= entries.at(0)?.timestamp;
    for (const { stream, timestamp, text } of entries) {
      if (!isOneTime(timestamp, wanted.timestamp)) continue;
      isShown ||= !isSameText || (stream === wanted.stream && text.equals(wanted.text));
    }
    const last = entries.at(-1);
    return isShown || (last !== undefined && Date.parse(last.timestamp) > limit)
      ? "stop"
      : undefined;
  };
  await files.read({ follow: false, tail: 1, from }, { visit }, signal);
  if (isShown) return "shown";
  const isLater = first !== undefined && compareTimestamps(first, wanted.timestamp) > 0;
  return isLater ? "overtaken" : "missing";
}

/** At the coarser precision of the two. */
function isOneTime(one: string, other: string): boolean {
  const digits = Math.min(fractionDigits(one), fractionDigits(other));
  return coarsen(one, digits) === coarsen(other, digits);
}
