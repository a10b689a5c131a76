import { CHANNELS, diagnosticsChannel, diagnosticsTraces } from "../lifetime/channels.ts";
import type { BatchEnd } from "./batch-end.ts";

/** One call of a sink, or of its `deadLetter`: the context of `tracing:dockspool:delivery:*`. */
export interface DeliveryContext {
  /** The sink's name. */
  readonly sink: string;
  readonly call: "sink" | "dead letter";
  /** 1 for the first; of a dead letter, how many attempts have failed. */
  readonly attempt: number;
  /** In the batch. */
  readonly records: number;
}

/** A batch has left, as `dockspool:delivery` tells it. */
export interface DeliveryEnd {
  /** The sink's name. */
  readonly sink: string;
  /** In the batch. */
  readonly records: number;
  /** Calls of the sink. */
  readonly attempts: number;
  /** From the first call on. */
  readonly seconds: number;
  /** The sink took it; its `deadLetter` did; or neither, and the delivery has failed. */
  readonly outcome: "delivered" | "dead_letter" | "failed";
  /** Of the last call that failed; undefined where the sink took the batch. */
  readonly error: unknown;
}

const deliveries = diagnosticsChannel<DeliveryEnd>(CHANNELS.delivery);
const traces = diagnosticsTraces<DeliveryContext>(CHANNELS.delivery);

/** Calls a sink. What it does is inside the trace. */
export function traced(call: () => Promise<void>, context: () => DeliveryContext): Promise<void> {
  return traces.hasSubscribers ? traces.tracePromise(call, context()) : call();
}

export function publishDelivery(end: BatchEnd): void {
  if (!deliveries.hasSubscribers) return;
  const { ms, ...told } = end;
  deliveries.publish({ ...told, seconds: ms / 1_000 });
}
