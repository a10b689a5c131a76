import { checkFunction } from "../../checks.ts";
import type { Sink } from "../../delivery/sink.ts";
import type { LogRecord } from "../../wire/records.ts";

/**
 * A sink that changes each record before the given one takes it.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * pool.deliver(mapRecords(stripAnsi, mapRecords(redact({ fields: ["password"] }), sink)));
 */
export function mapRecords(change: (record: LogRecord) => LogRecord, sink: Sink): Sink {
  checkFunction("change", change);
  checkFunction("sink", sink);
  return (records, context) =>
    sink(
      records.map((record) => change(record)),
      context,
    );
}
