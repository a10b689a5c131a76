import { channel, tracingChannel } from "node:diagnostics_channel";
import type { TracingChannel } from "node:diagnostics_channel";

/** Names of the channels of `node:diagnostics_channel`; docs/channels.md tells what comes on each. */
export const CHANNELS = {
  phase: "dockspool:phase",
  discoveredContainer: "dockspool:discovered-container",
  rotation: "dockspool:rotation",
  reconnect: "dockspool:reconnect",
  gap: "dockspool:gap",
  delivery: "dockspool:delivery",
} as const;

/**
 * Tells whoever listens to the process's diagnostics. A message is made only where `hasSubscribers`. What a subscriber throws is an
 * uncaught exception of the process, later: it never comes back to who publishes.
 */
export interface DiagnosticsChannel<Message> {
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

export function diagnosticsChannel<Message>(name: string): DiagnosticsChannel<Message> {
  return channel(name);
}

/** For tracers: their spans are the parents of what is done inside. */
export function diagnosticsTraces<Context extends object>(
  name: string,
): TracingChannel<unknown, Context> {
  return tracingChannel<unknown, Context>(name);
}
