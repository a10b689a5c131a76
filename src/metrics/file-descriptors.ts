import { readdirSync } from "node:fs";

/** How many this process has open; undefined where the system does not tell (it has no `/proc`). */
export function openFileDescriptors(): number | undefined {
  try {
    // The one that reads the folder is among them.
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}
