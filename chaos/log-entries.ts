import type { Driver } from "./plan.ts";

/** One entry of a log file, as the engine wrote it. */
export interface FileEntry {
  readonly log: string;
  readonly stream: "stdout" | "stderr";
  readonly timestamp: string;
  /** Where it stands in the file. */
  readonly from: number;
  readonly to: number;
}

/** The entries in `bytes` from `from` on, in the simplest way there is: nothing is shared with the library. */
export function entriesOf(driver: Driver, bytes: Buffer, from: number): FileEntry[] {
  return [...readers[driver](bytes, from)];
}

/** A line that is no whole record is left out. */
function* jsonEntries(bytes: Buffer, from: number): Generator<FileEntry> {
  let at = from;
  while (at < bytes.length) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline === -1 ? bytes.length : newline + 1;
    const entry = jsonEntry(bytes.toString("utf8", at, end));
    if (entry !== undefined) yield { ...entry, from: at, to: end };
    at = end;
  }
}

function jsonEntry(text: string): Pick<FileEntry, "log" | "stream" | "timestamp"> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { log = "", stream, time }: { log?: unknown; stream?: unknown; time?: unknown } = value;
  if (typeof log !== "string" || typeof time !== "string") return undefined;
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const [whole = "", fraction = ""] = time.replace(/Z$/, "").split(".");
  return { log, stream, timestamp: `${whole}.${fraction.padEnd(9, "0")}Z` };
}

const K8S = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9})(?:Z|\+00:00) (stdout|stderr) ([FP]) (.*)$/s;

/** Lines of Podman's `k8s-file`: those with "P" are parts of one that goes on. */
function* k8sEntries(bytes: Buffer, from: number): Generator<FileEntry> {
  let at = from;
  for (let end = bytes.indexOf(0x0a, at); end !== -1; end = bytes.indexOf(0x0a, at)) {
    const [, time, stream, tag, text] = K8S.exec(bytes.toString("utf8", at, end)) ?? [];
    if (stream === "stdout" || stream === "stderr")
      yield {
        log: tag === "F" ? `${text}\n` : `${text}`,
        stream,
        timestamp: `${time}Z`,
        from: at,
        to: end + 1,
      };
    at = end + 1;
  }
}

const LENGTH_BYTES = 4;

/** Protobuf messages, each between its length and its length (moby, `daemon/logger/local/local.go`). */
function* localEntries(bytes: Buffer, from: number): Generator<FileEntry> {
  let at = from;
  while (at + LENGTH_BYTES <= bytes.length) {
    const start = at + LENGTH_BYTES;
    const end = start + bytes.readUInt32BE(at);
    const next = end + LENGTH_BYTES;
    if (next > bytes.length) return;
    const message = fieldsOf(bytes.subarray(start, end));
    const source = message.get(1)?.toString();
    const nanoseconds = message.get(2);
    if ((source === "stdout" || source === "stderr") && typeof nanoseconds === "bigint") {
      const parts = message.get(5);
      const isLast = !Buffer.isBuffer(parts) || fieldsOf(parts).get(1) === 1n;
      const text = String(message.get(3) ?? "");
      const log = isLast ? `${text}\n` : text;
      yield { log, stream: source, timestamp: timeOf(nanoseconds), from: at, to: next };
    }
    at = next;
  }
}

function timeOf(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}Z`;
}

/** By number; numbers and byte strings are all that there are. */
function fieldsOf(message: Buffer): Map<number, bigint | Buffer> {
  const fields = new Map<number, bigint | Buffer>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; at < message.length; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.length) {
    const key = Number(varint());
    const number = varint();
    if ((key & 7) === 2) {
      fields.set(key >> 3, message.subarray(at, at + Number(number)));
      at += Number(number);
    } else fields.set(key >> 3, number);
  }
  return fields;
}

const readers: Readonly<Record<Driver, (bytes: Buffer, from: number) => Iterable<FileEntry>>> = {
  "json-file": jsonEntries,
  local: localEntries,
  "k8s-file": k8sEntries,
};
