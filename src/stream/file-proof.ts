import { deadline } from "../lifetime/deadline.ts";
import type { Entry } from "../wire/entry.ts";
import { coarsen, fractionDigits } from "../wire/timestamps.ts";
import { copyOf } from "./certain-lines.ts";
import type { LogReader, Visit } from "./log-reader.ts";
import { firstOf } from "./plain-read.ts";

/** What may have been written between the engine's answer and the look at the file: looked at in steps. */
const STEPS = [64, 4_096, 262_144];
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
  const isSameText = !engine.inspection.traits.unstableParts;
  for (const tail of STEPS) if (await shows(files, tail, last, isSameText, signal)) return "proved";
  return "another";
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

async function shows(
  files: LogReader,
  tail: number,
  wanted: Entry,
  isSameText: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  let isShown = false;
  const visit: Visit = (entries) => {
    for (const entry of entries) {
      if (!isOneTime(entry.timestamp, wanted.timestamp)) continue;
      // Podman shows a line that is being written in pieces.
      isShown ||= !isSameText || (entry.stream === wanted.stream && entry.text.equals(wanted.text));
    }
    return isShown ? "stop" : undefined;
  };
  await files.read({ follow: false, tail }, { visit }, signal);
  return isShown;
}

/** At the coarser precision of the two. */
function isOneTime(one: string, other: string): boolean {
  const digits = Math.min(fractionDigits(one), fractionDigits(other));
  return coarsen(one, digits) === coarsen(other, digits);
}
