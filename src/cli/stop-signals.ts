import { constants } from "node:os";
import { EXIT_BY_SIGNAL } from "./exit-codes.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm and npx may hand on what the terminal has sent to this process as well: within that time it is one signal. */
const SAME_MS = 250;

/** Asks to stop at the first signal, and ends the process at the second. Returns what unlinks it. */
export function onStopSignal(stop: () => void, leave: () => void): () => void {
  let askedAt: number | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (askedAt === undefined) {
      askedAt = now;
      stop();
    } else if (now - askedAt > SAME_MS) {
      leave();
      process.exit(EXIT_BY_SIGNAL + constants.signals[signal]);
    }
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}
