import { isRefusedForDamage } from "../engine/failures.ts";
import { sleep } from "../lifetime/deadline.ts";
import { Silence } from "../lifetime/silence.ts";
import type { Entries, Entry } from "../wire/entry.ts";
import { CertainRead, WRITTEN_MS } from "./certain-lines.ts";
import type { LogReader, ReadEnd, ReadHandlers, ReadQuery, Visit } from "./log-reader.ts";
import { MOST_ENTRIES } from "./tail-size.ts";
import type { Tail } from "./tail-size.ts";

/** A tail is found from the log's end, and begins to come at once, however long the log is … */
const FIRST_BYTE_MS = 2_000;
/** … but for what the engine has to pass over, and that may be a busy machine. */
const PASSED_ENTRY_MS = 1;

/** Where each read drops something else of what stands before the damage: so many may bring no more. */
export const ATTEMPTS_AT_DAMAGE = 10;

/** How a plain read ended; "stuck": the engine looks for the tail's beginning for ever, or shows no tail that long. */
export type PlainEnd = ReadEnd | "stuck";

/**
 * Reads the log's end as it is now. Docker 26 and 28 never find the tail of a log that was emptied by hand, and keep a core busy
 * while they look: that is given up.
 */
export async function readPlainly(
  reader: LogReader,
  query: Omit<ReadQuery, "follow">,
  handlers: Omit<ReadHandlers, "bytes">,
  signal: AbortSignal,
): Promise<PlainEnd> {
  const { followIsWhole, traits } = reader.inspection;
  if (!followIsWhole) return readCertainly(reader, query.tail, handlers, signal);
  const { tail } = query;
  const passedMs = tail === "all" ? 0 : tail * PASSED_ENTRY_MS;
  const silence = new Silence(FIRST_BYTE_MS + passedMs, signal);
  const opened = (): void => {
    if (tail !== "all" && !traits.findsTails) silence.restart();
    handlers.opened?.();
  };
  const bytes = (): void => silence.end();
  try {
    return await reader.read(
      { ...query, follow: false },
      { ...handlers, opened, bytes },
      silence.signal,
    );
  } catch (error) {
    if (silence.expired && !signal.aborted) return "stuck";
    throw error;
  } finally {
    silence.release();
  }
}

/** What the engine is asked for beside what is to be shown: the last line may be kept back. */
const KEPT_BACK = 2;

/**
 * Reads the log's end where it may be written meanwhile, and the engine does not show that well: what a read ends with may be half
 * a line, and what it shows behind so many lines as it was asked for may stand behind a hole (Podman's `k8s-file`: it reads the
 * tail, and opens the log anew for what comes behind it).
 */
async function readCertainly(
  reader: LogReader,
  wanted: Tail,
  { opened, visit }: ReadHandlers,
  signal: AbortSignal,
): Promise<PlainEnd> {
  const tail = await tailThatIsThere(reader, wanted, signal);
  const read = new CertainRead(reader.certain, tail, reader.inspection.running);
  let isStopped = false;
  const decide = (wish: "stop" | void): void => {
    isStopped = wish === "stop";
  };
  const look = (entries: Entry[]): void | Promise<void> => {
    const wish = entries.length === 0 ? undefined : visit(entries);
    return wish instanceof Promise ? wish.then(decide) : decide(wish);
  };
  const mayGoOn = (): "stop" | undefined => (isStopped || read.isOver ? "stop" : undefined);
  const end = await readTail(
    reader,
    tail,
    {
      ...(opened === undefined ? {} : { opened }),
      visit: (entries) => look(read.push(entries))?.then(mayGoOn) ?? mayGoOn(),
    },
    signal,
  );
  if (isStopped || (end !== "complete" && end !== "stopped")) return end;
  await look(read.end());
  return isStopped ? "stopped" : "complete";
}

/** Podman shows no tail with a damaged record in it. Of all of the log it leaves that out. */
async function readTail(
  reader: LogReader,
  tail: Tail,
  handlers: ReadHandlers,
  signal: AbortSignal,
): Promise<PlainEnd> {
  try {
    return await reader.read({ follow: false, tail }, handlers, signal);
  } catch (error) {
    if (tail !== "all" && isRefusedForDamage(error)) return "stuck";
    throw error;
  }
}

/** `tail` with some more, where the log is known to hold as many lines; else all of it, which has no end of a tail. */
async function tailThatIsThere(reader: LogReader, tail: Tail, signal: AbortSignal): Promise<Tail> {
  const lines = tail === "all" ? Infinity : tail + KEPT_BACK;
  if (lines > MOST_ENTRIES / 2) return "all";
  const { length } = reader.certain;
  if (lines <= length.atLeast) return lines;
  if (length.isCounted) return "all";
  const [longer, own] = [
    await rawFirst(reader, 2 * lines, signal),
    await rawFirst(reader, lines, signal),
  ];
  if (longer === undefined || own === undefined || longer === own) return "all";
  reader.certain.holds(lines);
  return lines;
}

/** What a tail begins with, as text that tells it from others. */
async function rawFirst(
  reader: LogReader,
  tail: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  let first: string | undefined;
  const visit: Visit = (entries) => {
    const entry = entries.at(0);
    if (entry === undefined) return undefined;
    first = `${entry.stream} ${entry.timestamp} ${entry.text.toString("latin1")}`;
    return "stop";
  };
  await readTail(reader, tail, { visit }, signal);
  return first;
}

/** A timer may be that much early. */
const TIMER_EARLY_MS = 2;

/** Gives a last line that was kept back the time to be written. False where none was. */
export async function awaitLastLine({ certain }: LogReader, signal: AbortSignal): Promise<boolean> {
  if (!certain.isHolding) return false;
  await sleep(WRITTEN_MS + TIMER_EARLY_MS, signal);
  return true;
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
  await readPlainly(reader, { tail }, { visit }, signal);
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
  const end = await readPlainly(reader, { tail }, { visit }, signal);
  return end === "complete" ? first : undefined;
}
