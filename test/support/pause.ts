import { PAUSE_FIFO } from "./real-engine/image.ts";

/**
 * A pause in a container's script, without a process of its own: hundreds of those a second would take a small machine
 * from what is to be tested.
 */
export function pause(ms: number): string {
  return `read -t ${ms / 1_000} <>${PAUSE_FIFO}`;
}
