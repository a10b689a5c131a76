import { constants } from "node:os";
import { EXIT_BY_SIGNAL } from "./exit-codes.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Asks to stop at the first signal, and ends the process at the second. Returns what unlinks it. */
export function onStopSignal(stop: () => void, leave: () => void): () => void {
  let isStopping = false;
  const listener = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      leave();
      process.exit(EXIT_BY_SIGNAL + constants.signals[signal]);
    }
    isStopping = true;
    stop();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}
