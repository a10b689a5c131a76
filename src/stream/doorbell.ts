import type { BodyEnd } from "../engine/body.ts";
import { isRefusedForDamage } from "../engine/failures.ts";
import type { Silence } from "../lifetime/silence.ts";
import type { Entry } from "../wire/entry.ts";
import { copyOf } from "./certain-lines.ts";
import type { Intake } from "./intake.ts";
import type { Visit } from "./log-reader.ts";

/** What a follow that is only listened to has told: a line that may be new, nothing for as long as asked, or its end. */
export type Ring = { readonly line: Entry } | "nothing" | BodyEnd;

export interface Listener {
  readonly opened: () => void;
  /** The line was read before. */
  readonly isKnown: (line: Entry) => boolean;
}

/**
 * A follow whose lines are not taken: any that was not read before says that there is something new. It may miss some, so it is
 * listened to for a while only.
 */
export async function listenForNew(
  { reader, log }: Intake,
  silence: Silence,
  { opened, isKnown }: Listener,
  signal: AbortSignal,
): Promise<Ring> {
  const { traits } = reader.inspection;
  const answered = (): void => {
    silence.restart();
    opened();
  };
  let line: Entry | undefined;
  const visit: Visit = (entries) => {
    // The beginning of a line can't be taken yet.
    line = Array.from(entries).find((entry) => entry.ended && !isKnown(entry));
    return line === undefined ? undefined : "stop";
  };
  const tail = traits.exactTail && log.tails.mayAsk() ? 1 : 0;
  try {
    if (traits.headersWithFirstLine) answered();
    const end = await reader.read(
      { follow: true, tail },
      { opened: answered, visit },
      silence.signal,
    );
    if (line !== undefined) return { line: copyOf(line) };
    // What no log is, plain reads tell of.
    return end === "complete" || end === "cut" ? end : "nothing";
  } catch (error) {
    if (silence.expired && !signal.aborted) return "nothing";
    if (tail === 0 || !isRefusedForDamage(error)) throw error;
    // Damage is the last that there is.
    log.isStuck();
    return "nothing";
  } finally {
    log.tailSize.closing(log.now);
  }
}
