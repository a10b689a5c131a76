import { checkFunction } from "../../checks.ts";
import type { Sink } from "../../delivery/sink.ts";
import type { LogRecord } from "../../wire/records.ts";

/**
 * A sink that hands on only the records for which the predicate is true. The others count as delivered. Where none is left, the
 * given sink is not called.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * pool.deliver(where(({ stream }) => stream === "stderr", sink));
 */
export function where(predicate: (record: LogRecord) => boolean, sink: Sink): Sink {
  checkFunction("predicate", predicate);
  checkFunction("sink", sink);
  return (records, context) => {
    const kept = records.filter((record) => predicate(record));
    return kept.length === 0 ? undefined : sink(kept, context);
  };
}
