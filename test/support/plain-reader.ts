import { request } from "node:http";

/** One line as the engine keeps it, with its parts of 16 KiB joined. */
export interface PlainLine {
  readonly stream: "stdout" | "stderr" | "tty";
  /** RFC 3339 with nine digits after the point, as the engine sends it. */
  readonly timestamp: string;
  /** Without its "\n" ("\r\n" on a tty). */
  readonly line: string;
}

const LF = 0x0a;
const CR = 0x0d;
const PART_BYTES = 16_384;
const IDLE_MS = 120_000;

/** What makes parts one line: a timestamp that they share (Docker), or nothing but that the line has no end yet (Podman). */
export type PartRule = "one-timestamp" | "until-newline";

/**
 * Reads a container's whole log in the simplest way there is, as ground truth: one plain request, the whole body in
 * memory, nothing shared with the library. A line stands where its last part stands.
 *
 * Not to be told from the stream: on a tty, a text without line end at which the container stopped, when it was started
 * again. There `readJsonLogs` is right.
 */
export async function readLog(
  socketPath: string,
  id: string,
  options: { readonly tty: boolean; readonly parts?: PartRule },
): Promise<PlainLine[]> {
  const body = await get(
    socketPath,
    `/containers/${encodeURIComponent(id)}/logs?stdout=1&stderr=1&timestamps=1`,
  );
  const joiner = new PartJoiner(options.tty, options.parts);
  if (options.tty) readTerminal(body, joiner);
  else readFrames(body, joiner);
  return joiner.end();
}

/**
 * Joins parts to lines, per stream. Where parts of one line have one timestamp, a text without "\n" that is followed by
 * another timestamp on its stream ended there (the container stopped in mid-line).
 */
export class PartJoiner {
  readonly #tty: boolean;
  readonly #parts: PartRule;
  readonly #lines: PlainLine[] = [];
  /** In the order of their first parts. */
  readonly #open = new Map<PlainLine["stream"], { timestamp: string; parts: Buffer[] }>();

  constructor(tty: boolean, parts: PartRule = "one-timestamp") {
    this.#tty = tty;
    this.#parts = parts;
  }

  add(stream: "stdout" | "stderr", timestamp: string, text: Buffer): void {
    const name = this.#tty ? "tty" : stream;
    const open = this.#open.get(name);
    const endsLine = this.#parts === "one-timestamp" && open?.timestamp !== timestamp;
    if (open !== undefined && endsLine) this.#finish(name);
    const complete = text.at(-1) === LF;
    if (complete && !this.#open.has(name)) {
      this.#lines.push({ stream: name, timestamp, line: this.#withoutLineEnd(text) });
      return;
    }
    const current = this.#open.get(name) ?? { timestamp, parts: [] };
    current.parts.push(text);
    this.#open.set(name, current);
    if (complete) this.#finish(name);
  }

  /** Lines that are still open end with the log, the one that began first comes first. */
  end(): PlainLine[] {
    for (const name of this.#open.keys()) this.#finish(name);
    return this.#lines;
  }

  #finish(name: PlainLine["stream"]): void {
    const open = this.#open.get(name);
    if (open === undefined) return;
    this.#open.delete(name);
    const line = this.#withoutLineEnd(Buffer.concat(open.parts));
    this.#lines.push({ stream: name, timestamp: open.timestamp, line });
  }

  #withoutLineEnd(text: Buffer): string {
    let end = text.length;
    if (text[end - 1] === LF) {
      end -= 1;
      if (this.#tty && text[end - 1] === CR) end -= 1;
    }
    return text.toString("utf8", 0, end);
  }
}

function readFrames(body: Buffer, joiner: PartJoiner): void {
  let at = 0;
  while (at < body.length) {
    if (at + 8 > body.length) throw new Error(`The log ends within a frame's header, at ${at}.`);
    const type = body[at];
    const end = at + 8 + body.readUInt32BE(at + 4);
    if (end > body.length) throw new Error(`The log ends within a frame, at ${at}.`);
    const payload = body.subarray(at + 8, end);
    if (type !== 1 && type !== 2) {
      throw new Error(`A frame of type ${type} at ${at}: ${payload.toString("utf8", 0, 300)}`);
    }
    const { timestamp, length } = timestampAt(payload, 0);
    joiner.add(type === 1 ? "stdout" : "stderr", timestamp, payload.subarray(length));
    at = end;
  }
}

function readTerminal(body: Buffer, joiner: PartJoiner): void {
  let at = 0;
  while (at < body.length) {
    const { timestamp, length } = timestampAt(body, at);
    const start = at + length;
    const newline = body.indexOf(LF, start);
    let end = newline === -1 ? body.length : newline + 1;
    // Within a long line the timestamp stands again between parts. A part can be longer than it was when the engine cut
    // it, since the json-file driver writes three bytes for each byte of a cut character.
    if (end - start > PART_BYTES) {
      const again = body.subarray(start + PART_BYTES, end).indexOf(`${timestamp} `);
      if (again !== -1) end = start + PART_BYTES + again;
    }
    joiner.add("stdout", timestamp, body.subarray(start, end));
    at = end;
  }
}

/** The timestamp at `at`, and its length with the space behind it. */
function timestampAt(bytes: Buffer, at: number): { timestamp: string; length: number } {
  const space = bytes.subarray(at, at + 40).indexOf(0x20);
  const timestamp = bytes.toString("latin1", at, at + Math.max(space, 0));
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{9})?Z$/.test(timestamp)) {
    const there = JSON.stringify(bytes.toString("utf8", at, at + 60));
    throw new Error(`No timestamp at ${at} of the log: ${there}.`);
  }
  return { timestamp, length: space + 1 };
}

function get(socketPath: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const body = Buffer.concat(chunks);
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`GET ${path}: ${response.statusCode} ${body.toString("utf8")}`));
      });
    });
    call.setTimeout(IDLE_MS, () => {
      call.destroy(new Error(`GET ${path}: nothing came for ${IDLE_MS} ms.`));
    });
    call.once("error", reject);
    call.end();
  });
}
