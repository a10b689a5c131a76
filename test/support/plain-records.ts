import type { ContainerInfo, LogRecord } from "../../src/index.ts";
import { LineRecord } from "../../src/wire/records.ts";

/** A container as the engine describes it. */
export function containerNamed(name: string, more: Partial<ContainerInfo> = {}): ContainerInfo {
  return {
    id: Buffer.from(name).toString("hex").padEnd(64, "0").slice(0, 64),
    name,
    image: "registry:5000/team/app:1.2",
    labels: {},
    tty: false,
    logDriver: "json-file",
    engine: "default",
    ...more,
  };
}

/** A record as a source makes it. */
export function recordOf(
  line: string,
  { container = containerNamed("web"), ...more }: Partial<LogRecord> = {},
): LogRecord {
  const {
    stream = "stdout",
    timestamp = "2026-11-23T15:58:34.885847851Z",
    truncated = false,
  } = more;
  return new LineRecord(container, stream, timestamp, line, truncated, undefined, 0);
}
