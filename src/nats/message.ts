import { headers } from "@nats-io/transport-node";
import type { MsgHdrs } from "@nats-io/transport-node";
import type { LogRecord } from "../wire/records.ts";

/** Headers that a consumer can filter by without reading the body. */
const HEADERS = {
  container: "Dockspool-Container",
  image: "Dockspool-Image",
  time: "Dockspool-Time",
} as const;

/** What a message takes besides its line: subject, headers, the container in JSON. */
const ENVELOPE_BYTES = 1_024;

/** By it JetStream knows a repeat. */
export function messageId({ container, id }: LogRecord): string {
  return `${container.id}/${id}`;
}

export function headersOf({ container, timestamp }: LogRecord): MsgHdrs {
  const all = headers();
  all.set(HEADERS.container, container.id);
  all.set(HEADERS.image, container.image.replaceAll(/[\r\n]/g, " "));
  all.set(HEADERS.time, timestamp);
  return all;
}

/** The record's JSON. A line that does not fit into a message is cut, and `truncated` says so. */
export function bodyOf(record: LogRecord, maxBytes: number): string {
  const body = JSON.stringify(record);
  const room = maxBytes - ENVELOPE_BYTES;
  // No character has more than three bytes for each of its UTF-16 units.
  if (body.length * 3 <= room || Buffer.byteLength(body) <= room) return body;
  let { line } = record;
  for (;;) {
    line = line.slice(0, Math.floor(line.length / 2));
    const cut = JSON.stringify({ ...record.toJSON(), line, truncated: true });
    if (line === "" || Buffer.byteLength(cut) <= room) return cut;
  }
}
