import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import type { SinkError } from "../delivery/sink-error.ts";
import { DockspoolError } from "../errors.ts";

/** What would fail again: the batch goes to the dead letter, or ends the delivery. */
export class Refusal extends Error implements SinkError {
  override readonly name = "Refusal";
  readonly retryable = false;
}

/** Another one was written since. */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  return error.code === StreamWrongLastSequence || error.code === StreamWrongLastSequenceUnknown;
}

/** There is no such stream. */
export function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

/** The store's answer to a collector that has not noticed that another one goes on. */
export function keptByAnother(key: string): DockspoolError {
  return new DockspoolError(
    "CHECKPOINT_UNWRITABLE",
    `The position saved as ${JSON.stringify(key)} is kept by another collector, and is not moved.`,
    { transient: true },
  );
}
