import type { OtlpLogs } from "../../src/formats.ts";
import root from "@opentelemetry/otlp-transformer/build/src/generated/root.js";

/** A message type as protobufjs generates it. */
interface MessageType {
  fromObject(json: object): object;
  verify(message: object): string | null;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): OtlpLogs;
}

const request: MessageType = Reflect.get(root, "opentelemetry").proto.collector.logs.v1
  .ExportLogsServiceRequest;

/**
 * A request body's JSON as the protocol's own schema reads it.
 *
 * @throws Error where the schema does not allow it, or does not have all that is in it
 */
export function readOtlpLogs(body: string): OtlpLogs {
  // OTLP has ids as hex digits, and JSON of Protocol Buffers in base64.
  const given: Record<string, unknown> = JSON.parse(body, (name, value: unknown) =>
    name === "traceId" || name === "spanId"
      ? Buffer.from(String(value), "hex").toString("base64")
      : value,
  );
  const message = request.fromObject(given);
  const problem = request.verify(message);
  if (problem !== null) throw new Error(problem);
  const bytes = request.encode(message).finish();
  const read = request.toObject(request.decode(bytes), {
    longs: String,
    bytes: String,
    enums: Number,
  });
  const [kept, sent] = [read, given].map((value) => JSON.stringify(sorted(value)));
  if (kept !== sent) throw new Error(`The schema has ${kept} of ${sent}`);
  return read;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, held]) => [name, sorted(held)]));
}
