/** @module-tag long */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LocalFileDecoder } from "../../src/files/local-file.ts";
import { propertyRuns } from "../support/size.ts";
import { arbitraryCuts, chunked } from "../wire/bytes.ts";
import type { Decoded } from "../wire/bytes.ts";
import { arbitraryDamage, damaged } from "./damage.ts";
import { decodeFile } from "./decoded.ts";

const RUNS = propertyRuns({ short: 60, long: 2_000 });
const SECOND = 1_795_449_514n;

interface Message {
  readonly stream: "stdout" | "stderr";
  readonly nanos: number;
  readonly text: Buffer;
  readonly part: "none" | "middle" | "last";
}

/** As moby writes it: `daemon/logger/local/local.go`, `api/types/plugins/logdriver/entry.proto`. */
function written({ stream, nanos, text, part }: Message): Buffer {
  const id = Buffer.from("0123456789abcdef");
  const last = part === "last" ? [Buffer.from([0x08, 1])] : [];
  const metadata = Buffer.concat([...last, field(2, id), Buffer.from([0x18, 1])]);
  const message = Buffer.concat([
    field(1, Buffer.from(stream)),
    Buffer.from([0x10]),
    varint(SECOND * 1_000_000_000n + BigInt(nanos)),
    ...(text.length === 0 ? [] : [field(3, text)]),
    ...(part === "none" ? [] : [Buffer.from([0x20, 1]), field(5, metadata)]),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message, length]);
}

function field(number: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(BigInt(value.length)), value]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
}

function expected({ stream, nanos, text, part }: Message): Decoded {
  const second = new Date(Number(SECOND) * 1_000).toISOString().slice(0, 19);
  return {
    stream,
    timestamp: `${second}.${String(nanos).padStart(9, "0")}Z`,
    text: text.toString("latin1"),
    ended: part !== "middle",
  };
}

const HEADER = Buffer.from("\n\u0006stdout");

const arbitraryMessage: fc.Arbitrary<Message> = fc.record({
  stream: fc.constantFrom("stdout", "stderr"),
  nanos: fc.nat(999_999_999),
  text: fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    fc.integer({ min: 16_000, max: 16_384 }).map((size) => Buffer.alloc(size, "x")),
    fc.constant(HEADER),
  ),
  part: fc.constantFrom("none", "none", "none", "middle", "last"),
});

const arbitraryMessages = fc.array(arbitraryMessage, { minLength: 1, maxLength: 50 });

/** What begins like a message within another one may become one by damage. */
const withoutHeaders = fc.array(
  arbitraryMessage.filter(({ text }) => text !== HEADER),
  { minLength: 1, maxLength: 50 },
);

const decoder = (): LocalFileDecoder =>
  new LocalFileDecoder({ tty: false, attributes: false, lastPartEnds: true });

const withoutEnd = ({ stream, timestamp, text, ended }: Decoded): Decoded => {
  return { stream, timestamp, text, ended };
};

describe("a log of the local driver", () => {
  it("is decoded as it was written, however it is cut", () => {
    fc.assert(
      fc.property(arbitraryMessages, arbitraryCuts, (messages, cuts) => {
        const all = messages.map(written);
        const { entries, holes } = decodeFile(decoder(), chunked(Buffer.concat(all), cuts));
        expect(entries.map(withoutEnd)).toEqual(messages.map(expected));
        expect(holes).toEqual([]);
        let end = 0;
        expect(entries.map((entry) => entry.end)).toEqual(all.map(({ length }) => (end += length)));
      }),
      { numRuns: RUNS },
    );
  });

  it("keeps every message that damage has left whole", () => {
    fc.assert(
      fc.property(withoutHeaders, arbitraryDamage, arbitraryCuts, (messages, damage, cuts) => {
        const { bytes, before, behind } = damaged(messages.map(written), damage);
        const { entries } = decodeFile(decoder(), chunked(bytes, cuts));
        const shown = entries.map(withoutEnd);
        expect(shown.slice(0, before)).toEqual(messages.slice(0, before).map(expected));
        const last = messages.slice(messages.length - behind).map(expected);
        expect(behind === 0 ? [] : shown.slice(-behind)).toEqual(last);
      }),
      { numRuns: RUNS },
    );
  });

  it("keeps a message whose length was taken for that of a damaged one before it", () => {
    const text = Buffer.from("0123456789");
    const message = written({ stream: "stdout", nanos: 1, text, part: "none" });
    const cut = Buffer.concat([message.subarray(0, 24), message.subarray(28)]);
    const { order, entries } = decodeFile(decoder(), [Buffer.concat([cut, message, message])]);
    expect(order.length).toBe(4);
    expect(entries.slice(1).map((entry) => entry.text)).toEqual(["0123456789", "0123456789"]);
    expect(entries.at(-1)?.end).toBe(cut.length + 2 * message.length);
  });

  it("tells zeros as a hole, and goes on behind them", () => {
    const message = written({ stream: "stderr", nanos: 1, text: Buffer.from("a"), part: "none" });
    const bytes = Buffer.concat([message, Buffer.alloc(100_003), message]);
    const { order, holes } = decodeFile(decoder(), chunked(bytes, [50_000, 60_000]));
    expect(order.filter((one) => one === "a")).toEqual(["a", "a"]);
    expect(holes.at(-1)?.to).toBe(message.length + 100_003);
  });
});
