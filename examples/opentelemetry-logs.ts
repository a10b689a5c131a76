// Containers' lines as log records of OpenTelemetry's SDK, for exporters that it has:
//
//   npx tsx examples/opentelemetry-logs.ts
//
// For OTLP over HTTP the sink of "dockspool/sinks/otlp" is simpler, and its server acknowledges each batch. Through the SDK a batch counts
// as delivered when its processor was flushed; an exporter that fails is told by the SDK, and its records are lost.
import { once } from "node:events";
import { SeverityNumber } from "@opentelemetry/api-logs";
import {
  BatchLogRecordProcessor,
  ConsoleLogRecordExporter,
  LoggerProvider,
} from "@opentelemetry/sdk-logs";
import { parseLine } from "../src/formats.ts"; // in your project: from "dockspool/formats"
import type { Level } from "../src/formats.ts";
import { StreamPool, epochNanoseconds } from "../src/index.ts"; // in your project: from "dockspool"
import type { LogBatch } from "../src/index.ts";

const SEVERITY: Readonly<Record<Level, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

// In your project: the exporter that you need, such as @opentelemetry/exporter-logs-otlp-grpc.
const exporter = new ConsoleLogRecordExporter();
const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
const logger = provider.getLogger("dockspool");

async function emit(records: LogBatch): Promise<void> {
  for (const { container, line, stream, timestamp, id } of records) {
    const { message, level } = parseLine(line);
    const nanoseconds = epochNanoseconds(timestamp);
    logger.emit({
      timestamp: [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)],
      body: message,
      ...(level === undefined ? {} : { severityNumber: SEVERITY[level], severityText: level }),
      attributes: {
        "container.id": container.id,
        "container.name": container.name,
        "log.iostream": stream,
        "log.record.uid": id,
      },
    });
  }
  await provider.forceFlush();
}

const pool = new StreamPool();
pool.deliver(emit, { name: "opentelemetry" });

await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
await pool.close();
await provider.shutdown();
