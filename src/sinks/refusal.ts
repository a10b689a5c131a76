import type { SinkError } from "../delivery/sink-error.ts";

/** What a server would refuse again: the batch goes to the dead letter, or ends the delivery. */
export class Refusal extends Error implements SinkError {
  override readonly name = "Refusal";
  readonly retryable = false;
}
