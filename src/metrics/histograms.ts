/** A distribution, of what is measured one by one. */
export interface HistogramSeries {
  readonly name: string;
  readonly unit: "s";
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets: readonly number[];
}

/** From a local reopening to one that waits for a busy engine, or a task of the caller's. */
const ROTATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** From a sink in memory to one that was tried again and again. */
const DELIVERY_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export const ROTATION_SECONDS: HistogramSeries = {
  name: "container_stream_rotation_seconds",
  unit: "s",
  help: "From when a stream was asked to end until the next one was open.",
  labels: ["engine"],
  buckets: ROTATION_BUCKETS,
};

export const DELIVERY_SECONDS: HistogramSeries = {
  name: "delivery_seconds",
  unit: "s",
  help: "From the first call of a sink with a batch until the batch was taken or given up.",
  labels: ["sink"],
  buckets: DELIVERY_BUCKETS,
};
