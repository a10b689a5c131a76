import { deadline } from "../lifetime/deadline.ts";
import type { Entry } from "../wire/entry.ts";
import { coarsen, fractionDigits } from "../wire/timestamps.ts";
import { copyOf } from "./certain-lines.ts";
import type { LogReader, Visit } from "./log-reader.ts";
import { firstOf } from "./plain-read.ts";

/** What is later than the engine's last entry by so much stands behind it: timestamps of two streams run backwards by less. */
const DISORDER_MS = 2_000;
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
  const last = await lastOfEngine(engine, signal);
  if (last === undefined) return "not known";
  // Podman shows a line that is being written in pieces.
  const isSameText = !engine.inspection.traits.unstableParts;
  return (await shows(files, last, isSameText, signal)) ? "proved" : "another";
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

/** What was written since the engine's answer may be much. */
async function shows(
  files: LogReader,
  wanted: Entry,
  isSameText: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const group = { timestamp: wanted.timestamp, count: 1, digest: 0n };
  const from = await files.seek({ groups: [group], whole: false, open: [] }, 1, signal);
  if (from === undefined) return false;
  const limit = Date.parse(wanted.timestamp) + DISORDER_MS;
  let isShown = false;
  const visit: Visit = (entries) => {
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
  return isShown;
}

/** At the coarser precision of the two. */
function isOneTime(one: string, other: string): boolean {
  const digits = Math.min(fractionDigits(one), fractionDigits(other));
  return coarsen(one, digits) === coarsen(other, digits);
}
