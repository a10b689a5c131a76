import { sleep } from "../lifetime/deadline.ts";

/** How long from one look to the next. */
const DELAYS_MS = [500, 1_000, 2_000, 4_000] as const;

/** Looks a few times, less and less often, as long as `look` says that it is worth another. @throws the signal's reason */
export async function lookAgainAndAgain(
  look: (signal: AbortSignal) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  for (const delayMs of DELAYS_MS) {
    await sleep(delayMs, signal);
    if (!(await look(signal))) return;
  }
}
