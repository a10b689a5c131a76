import { MsgHdrsImpl } from "@nats-io/transport-node";
import type { MsgHdrs } from "@nats-io/transport-node";
import type { ContainerInfo, LogRecord } from "../wire/records.ts";
import { Refusal } from "./failures.ts";
import { subjectOf } from "./subject.ts";

/** Headers that a consumer can filter by without reading the body. */
const HEADERS = {
  container: "Dockspool-Container",
  image: "Dockspool-Image",
  time: "Dockspool-Time",
} as const;
/** What JetStream does with a message: https://docs.nats.io/nats-concepts/jetstream/headers */
const EXPECTED_STREAM = "Nats-Expected-Stream";
const MESSAGE_ID = "Nats-Msg-Id";

/** What a message takes besides its line: subject, headers, the container in JSON. */
const ENVELOPE_BYTES = 1_024;

export interface Message {
  readonly subject: string;
  readonly headers: MsgHdrs;
  readonly body: Uint8Array;
}

/** What all lines of a container have in common. */
interface Envelope {
  readonly json: string;
  readonly headers: LineHeaders;
  readonly subjects: Map<string, string>;
}

/** Makes messages of records; what is the same for all lines of a container is made once. */
export class Messages {
  readonly #prefix: string;
  readonly #stream: string;
  readonly #envelopes = new WeakMap<ContainerInfo, Envelope>();

  /** Subjects begin with `prefix`; no other stream than this one may take the messages. */
  constructor(prefix: string, stream: string) {
    this.#prefix = prefix;
    this.#stream = stream;
  }

  /**
   * Its headers are good until the next one is made. A line that does not fit into `maxBytes` is cut, and `truncated` says so.
   *
   * @throws Refusal where there is no room for a line at all
   */
  of(record: LogRecord, maxBytes: number): Message {
    const { container, stream, timestamp, id } = record;
    const { json, headers, subjects } = this.#envelopeOf(container);
    let subject = subjects.get(stream);
    if (subject === undefined) subjects.set(stream, (subject = subjectOf(this.#prefix, record)));
    headers.becomeOf(timestamp, `${container.id}/${id}`);
    return { subject, headers, body: bodyOf(record, id, json, maxBytes) };
  }

  #envelopeOf(container: ContainerInfo): Envelope {
    const known = this.#envelopes.get(container);
    if (known !== undefined) return known;
    const headers = new LineHeaders();
    headers.set(HEADERS.container, container.id);
    headers.set(HEADERS.image, container.image.replaceAll(/[\r\n]/g, " "));
    headers.set(EXPECTED_STREAM, this.#stream);
    const envelope = { json: JSON.stringify(container), headers, subjects: new Map() };
    this.#envelopes.set(container, envelope);
    return envelope;
  }
}

/** The headers of a container's lines, of which two change with each line: setting and encoding all takes ten times as long. */
class LineHeaders extends MsgHdrsImpl {
  #common: string | undefined;
  #time = "";
  #messageId = "";

  becomeOf(time: string, messageId: string): void {
    this.#time = `${HEADERS.time}: ${time}\r\n`;
    this.#messageId = `${MESSAGE_ID}: ${messageId}\r\n`;
  }

  override delete(name: string): void {
    if (name === MESSAGE_ID) this.#messageId = "";
    else super.delete(name);
  }

  override toString(): string {
    // Without the empty line that ends them.
    this.#common ??= super.toString().slice(0, -2);
    return `${this.#common}${this.#time}${this.#messageId}\r\n`;
  }

  override encode(): Uint8Array {
    return Buffer.from(this.toString());
  }
}

function bodyOf(record: LogRecord, id: string, container: string, maxBytes: number): Uint8Array {
  const body = Buffer.from(jsonOf(record, id, container));
  const room = maxBytes - ENVELOPE_BYTES;
  if (body.length <= room) return body;
  let { line } = record;
  for (;;) {
    line = line.slice(0, Math.floor(line.length / 2));
    const cut = Buffer.from(JSON.stringify({ ...record.toJSON(), line, truncated: true }));
    if (cut.length <= room) return cut;
    if (line === "") throw noRoom(record.container, cut.length, maxBytes);
  }
}

function noRoom({ name }: ContainerInfo, bytes: number, maxBytes: number): Refusal {
  return new Refusal(
    `What a line of container ${name} says of it, its labels above all, takes ${bytes} bytes, and the server takes ${maxBytes} in a message. Leave labels out by mapRecords(), or raise the server's max_payload.`,
  );
}

/** As `JSON.stringify(record)`, with the container's JSON as it is known already, and the id, which is digested from the line, once. */
function jsonOf(record: LogRecord, id: string, container: string): string {
  const { stream, timestamp, line, truncated, attributes } = record;
  const more = attributes === undefined ? "" : `,"attributes":${JSON.stringify(attributes)}`;
  return `{"container":${container},"stream":"${stream}","timestamp":"${timestamp}","line":${JSON.stringify(line)},"truncated":${truncated},"id":"${id}"${more}}`;
}
