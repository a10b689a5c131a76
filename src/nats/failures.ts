import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { RequestError } from "@nats-io/transport-node";
import type { SinkError } from "../delivery/sink-error.ts";
import { DockspoolError, fieldOf } from "../errors.ts";

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

/** NATS has answered, by an error. */
export function isAnswer(error: unknown): boolean {
  return error instanceof JetStreamApiError;
}

/** A node of a cluster has no leader to ask, for the moment ("JetStream system temporarily unavailable"). */
export function isUnavailable(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 503;
}

/** There is no such stream. */
export function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

/** Nothing takes what was published. */
export class NoTaker extends Error {
  override readonly name = "NoTaker";
}

/** A stream that was there before is not any more: it was deleted, or a server has come up without what it had stored. */
export function isGone(error: unknown): boolean {
  return error instanceof NoTaker || isMissing(error) || hasNoResponders(error);
}

/** Nobody listens to a subject: JetStream's client says so of a write by an error that has this one as its cause. */
function hasNoResponders(error: unknown): boolean {
  const cause = fieldOf(error, "cause");
  return [error, cause].some((one) => one instanceof RequestError && one.isNoResponders());
}

/** The store's answer to a collector that another one goes on for. `holder`: undefined where it is not known. */
export function keptByAnother(key: string, holder: string | undefined): DockspoolError {
  const who = holder === undefined ? "another collector" : `collector ${JSON.stringify(holder)}`;
  return new DockspoolError(
    "CHECKPOINT_UNWRITABLE",
    `The position saved as ${JSON.stringify(key)} is not moved: ${who} goes on from it. If nobody else should follow this container, end that collector.`,
    { transient: true },
  );
}

/** The store's answer where a lease has run out, and it is not known who has it. */
export function leaseLost(key: string): DockspoolError {
  return new DockspoolError(
    "CHECKPOINT_UNWRITABLE",
    `The position saved as ${JSON.stringify(key)} is not moved: the container's lease is lost, so another collector may go on from it. It is had again once NATS can be reached and nobody else holds it.`,
    { transient: true },
  );
}
