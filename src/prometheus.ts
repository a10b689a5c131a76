export { registerPrometheus } from "./metrics/prometheus.ts";
export type { PrometheusOptions } from "./metrics/prometheus.ts";
