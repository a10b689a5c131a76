import type { BodyEnd } from "../engine/body.ts";
import type { Silence } from "../lifetime/silence.ts";
import type { Intake } from "./intake.ts";
import type { Visit } from "./log-reader.ts";

/** What a follow that is only listened to has told: that there is something new, nothing for as long as asked, or its end. */
export type Ring = "new" | "nothing" | BodyEnd;

/**
 * A follow whose lines are not taken: any that was not read before says that there is something new. It may miss some, so it is
 * listened to for a while only.
 */
export async function listenForNew(
  { reader, log }: Intake,
  silence: Silence,
  opened: () => void,
  signal: AbortSignal,
): Promise<Ring> {
  const { traits } = reader.inspection;
  const answered = (): void => {
    silence.restart();
    opened();
  };
  // The beginning of a line can't be taken yet.
  const visit: Visit = (entries) =>
    Array.from(entries).some((entry) => entry.ended && !reader.certain.isLast(entry))
      ? "stop"
      : undefined;
  const tail = traits.exactTail ? 1 : 0;
  try {
    if (traits.headersWithFirstLine) answered();
    const end = await reader.read(
      { follow: true, tail },
      { opened: answered, visit },
      silence.signal,
    );
    if (end === "complete" || end === "cut") return end;
    return "new";
  } catch (error) {
    if (silence.expired && !signal.aborted) return "nothing";
    throw error;
  } finally {
    log.tailSize.closing(log.now);
  }
}
