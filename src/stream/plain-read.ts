import { Silence } from "../lifetime/silence.ts";
import type { Entries, Entry } from "../wire/entry.ts";
import type { LogReader, ReadEnd, Visit } from "./log-reader.ts";
import type { Tail } from "./tail-size.ts";

/** A tail is found from the log's end, and begins to come at once, however long the log is. */
const FIRST_BYTE_MS = 2_000;

/** Where each read drops something else of what stands before the damage: so many may bring no more. */
export const ATTEMPTS_AT_DAMAGE = 10;

/** How a plain read ended; "stuck": the engine looks for the tail's beginning for ever. */
export type PlainEnd = ReadEnd | "stuck";

/**
 * Reads the log's end as it is now. Docker 26 and 28 never find the tail of a log that was emptied by hand, and keep a core busy
 * while they look: that is given up.
 */
export async function readPlainly(
  reader: LogReader,
  tail: Tail,
  visit: Visit,
  signal: AbortSignal,
  answered: () => void = () => {},
): Promise<PlainEnd> {
  const silence = new Silence(FIRST_BYTE_MS, signal);
  const opened = (): void => {
    if (tail !== "all") silence.restart();
    answered();
  };
  const bytes = (): void => silence.end();
  try {
    return await reader.read({ follow: false, tail }, { opened, bytes, visit }, silence.signal);
  } catch (error) {
    if (silence.expired && !signal.aborted) return "stuck";
    throw error;
  } finally {
    silence.release();
  }
}

/** A look at the first entry of the log's last `tail` ones: undefined where none came. */
export async function firstOf(
  reader: LogReader,
  tail: number,
  signal: AbortSignal,
): Promise<Entry | undefined> {
  let first: Entry | undefined;
  const visit = (entries: Entries): "stop" | undefined => {
    first = entries.at(0);
    return first === undefined ? undefined : "stop";
  };
  await readPlainly(reader, tail, visit, signal);
  return first;
}

/** As `firstOf`, where a read to the log's end comes to no damage. */
export async function firstOfWhole(
  reader: LogReader,
  tail: number,
  signal: AbortSignal,
): Promise<Entry | undefined> {
  let first: Entry | undefined;
  const visit = (entries: Entries): void => {
    first ??= entries.at(0);
  };
  const end = await readPlainly(reader, tail, visit, signal);
  return end === "complete" ? first : undefined;
}
