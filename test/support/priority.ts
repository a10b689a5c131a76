import { constants, setPriority } from "node:os";
import { afterAll, beforeAll } from "vitest";

/**
 * Lets the reader run at once, for suites of containers that live for milliseconds. Those that start them share a small
 * machine's cores with it, and who comes too late is to be seen there, not who was not let run.
 */
export function withPriority(): void {
  beforeAll(() => setPriority(constants.priority.PRIORITY_HIGHEST));
  afterAll(() => setPriority(constants.priority.PRIORITY_NORMAL));
}
