import type { Registry } from "prom-client";
import type { Instrumented } from "./instruments.ts";

export interface PrometheusOptions {
  /** Default: prom-client's own, `register`. */
  registry?: Registry;
  /** Default "dockspool_". */
  prefix?: string;
  /** Series of each container: true (default), false, or of at most so many. */
  containers?: boolean | number;
}

export function registerPrometheus(
  pool: Instrumented,
  options: PrometheusOptions = {},
): () => void {
  void [pool, options];
  return () => {};
}
