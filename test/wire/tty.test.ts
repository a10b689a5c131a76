import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TtyDecoder } from "../../src/wire/tty.ts";
import { sizes, twoSizes } from "../support/size.ts";
import { STAMP, arbitraryCuts, chunked, decode } from "./bytes.ts";

const PART_BYTES = 16_384;

/** As the engine writes a terminal's line: the "\r" is part of the text that it cuts. */
function terminal(line: string, stamp: string = STAMP): string {
  const text = `${line}\r`;
  let bytes = "";
  let at = 0;
  do {
    bytes += `${stamp} ${text.slice(at, at + PART_BYTES)}`;
    at += PART_BYTES;
  } while (at < text.length);
  if (text.length % PART_BYTES === 0) bytes += `${stamp} `;
  return `${bytes}\n`;
}

/** As `json-file` keeps it: each part's bytes as UTF-8, with U+FFFD where a character was cut. */
function jsonFile(line: Buffer, stamp: string = STAMP): { sent: Buffer; text: string } {
  const parts: string[] = [];
  for (let at = 0; at === 0 || at < line.length; at += PART_BYTES)
    parts.push(invalidByByte(line.subarray(at, at + PART_BYTES)));
  if (line.length > 0 && line.length % PART_BYTES === 0) parts.push("");
  const sent = parts.map((part) => `${stamp} ${part}`).join("");
  return { sent: Buffer.from(`${sent}\n`), text: parts.join("") };
}

/** As Go does it: U+FFFD for each byte that belongs to no character, where others put one for several. */
function invalidByByte(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const size = [1, 2, 3, 4].find((length) => {
      const some = bytes.subarray(at, at + length);
      const decoded = some.toString("utf8");
      return (
        some.length === length && !decoded.includes("\ufffd") && Array.from(decoded).length === 1
      );
    });
    text += size === undefined ? "\ufffd" : bytes.toString("utf8", at, at + size);
    at += size ?? 1;
  }
  return text;
}

const wideLines = fc.array(
  fc.oneof(
    fc
      .record({
        head: fc.integer({ min: 0, max: 5 }),
        unit: fc.constantFrom("\u00e4", "\u20ac", "\u{1f600}", "ab\u20ac", " 42%\r\u2588\u2591"),
        bytes: fc.constantFrom(10, 16_380, 16_384, 20_000, 33_000, 50_000),
      })
      .map(({ head, unit, bytes }) => {
        const count = Math.ceil(bytes / Buffer.byteLength(unit));
        return Buffer.from(`${"x".repeat(head)}${unit.repeat(count)}\r`);
      }),
    // Bytes that are no characters at all.
    fc.constantFrom(100, 16_384, 40_000).map((size) => Buffer.alloc(size, 0xff)),
    fc.constant(Buffer.from(`${"y".repeat(17_000)} at ${STAMP.replace("34", "35")} \r`)),
  ),
  { maxLength: 4 },
);

const lines = fc.array(
  fc.oneof(
    fc.constantFrom("", "tick", "a\rb", "\u00e4\u00ff\u0000", STAMP, "Error grabbing logs"),
    fc
      .constantFrom(16_382, 16_383, 16_384, 16_385, 32_767, 32_768, 50_000)
      .map((size) => "x".repeat(size)),
  ),
  { maxLength: 8 },
);

describe("the terminal decoder", () => {
  it("gives the same lines whatever the chunking", twoSizes, () => {
    fc.assert(
      fc.property(lines, arbitraryCuts, (list, cuts) => {
        const bytes = Buffer.from(list.map((line) => terminal(line)).join(""), "latin1");
        const decoder = new TtyDecoder();
        const entries = decode(decoder, chunked(bytes, cuts));
        expect(decoder.fault).toBeUndefined();
        expect(entries).toEqual(decode(new TtyDecoder(), [bytes]));
        const joined = entries.map(({ text, ended }) => text + (ended ? "\n" : "")).join("");
        expect(joined).toBe(list.map((line) => `${line}\r\n`).join(""));
      }),
      { numRuns: sizes({ short: 40, long: 120 }) },
    );
  });

  it(
    "joins parts of any length, as `json-file` makes them of characters that it cuts",
    twoSizes,
    () => {
      fc.assert(
        fc.property(wideLines, arbitraryCuts, (list, cuts) => {
          const kept = list.map((line, index) =>
            jsonFile(line, STAMP.replace(/\d{9}Z$/, `${100_000_000 + index}Z`)),
          );
          const bytes = Buffer.concat(kept.map(({ sent }) => sent));
          const decoder = new TtyDecoder();
          const joined = new Map<string, string>();
          for (const chunk of chunked(bytes, cuts)) {
            for (const { timestamp, text } of decoder.push(chunk))
              joined.set(timestamp, (joined.get(timestamp) ?? "") + text.toString("utf8"));
          }
          expect(decoder.fault).toBeUndefined();
          expect(decoder.isHolding).toBe(false);
          expect([...joined.values()]).toEqual(kept.map(({ text }) => text));
        }),
        { numRuns: sizes({ short: 20, long: 60 }) },
      );
    },
  );

  it("takes a last line without its end at the log's end alone", () => {
    const decoder = new TtyDecoder();
    expect(decoder.push(Buffer.from(`${STAMP} prompt> `))).toEqual([]);
    const [entry] = decoder.end(false);
    expect([entry?.text.toString(), entry?.ended]).toEqual(["prompt> ", false]);
  });

  it("keeps carriage returns within a line", () => {
    const [entry] = decode(new TtyDecoder(), [Buffer.from(`${STAMP} 10%\r20%\r\n`)]);
    expect(entry?.text).toBe("10%\r20%\r");
  });

  it("sees that a line was left without its end when the container has started again since", () => {
    const later = "2026-11-23T16:00:00.000000000Z";
    const decoder = new TtyDecoder({ startedAt: later });
    const bytes = Buffer.from(`${STAMP} unfinished${terminal("next", later)}`);
    expect(decode(decoder, [bytes])).toEqual([
      { stream: "tty", timestamp: STAMP, text: "unfinished", ended: false },
      { stream: "tty", timestamp: later, text: "next\r", ended: true },
    ]);
  });

  it("does not take a time that a program printed for a later run's", () => {
    const decoder = new TtyDecoder({ startedAt: "2026-11-23T16:00:00.000000000Z" });
    const text = "next at 2026-11-23T15:59:40.000000000Z or 2026-11-23T17:00:00Z then";
    const after = terminal("after", "2026-11-23T15:58:36.000000000Z");
    for (const cuts of [[], [200]]) {
      const chunks = chunked(Buffer.from(terminal(text) + after), cuts);
      expect(decode(decoder, chunks).map((entry) => entry.text)).toEqual([`${text}\r`, "after\r"]);
    }
  });

  it("sees that a line was left without its end before several starts", () => {
    const decoder = new TtyDecoder({ startedAt: "2026-11-23T17:00:00.000000000Z" });
    const later = "2026-11-23T16:00:00.000000000Z";
    const bytes = Buffer.from(`${STAMP} unfinished${terminal("next", later)}`);
    expect(decoder.push(bytes)).toEqual([]);
    expect(decoder.end(true).map(({ text, ended }) => [text.toString(), ended])).toEqual([
      ["unfinished", false],
      ["next\r", true],
    ]);
  });

  it("joins the last part of a line without a newline, which the next line is glued to", () => {
    const long = "x".repeat(20_000);
    const later = "2026-11-23T15:58:35.000000000Z";
    const bytes = Buffer.from(
      `${STAMP} ${long.slice(0, PART_BYTES)}${STAMP} ${long.slice(PART_BYTES)} at 2030-01-01T00:00:00.000000000Z\r${terminal("next", later)}`,
    );
    for (const chunks of [[bytes], chunked(bytes, [100])]) {
      const entries = decode(new TtyDecoder({ gluesLines: true }), chunks);
      expect(entries.map(({ timestamp, ended }) => [timestamp, ended])).toEqual([
        [STAMP, false],
        [STAMP, true],
        [later, true],
      ]);
      expect(entries[1]?.text).toBe(
        `${long.slice(PART_BYTES)} at 2030-01-01T00:00:00.000000000Z\r`,
      );
    }
  });

  it("ends a last part without a newline at the log's end, as it does before another line", () => {
    const long = "x".repeat(20_000);
    const bytes = Buffer.from(
      `${STAMP} ${long.slice(0, PART_BYTES)}${STAMP} ${long.slice(PART_BYTES)}\r`,
    );
    for (const gluesLines of [true, false]) {
      const decoder = new TtyDecoder({ gluesLines });
      const entries = [...decoder.push(bytes), ...decoder.end(false)];
      expect(entries.map(({ ended }) => ended)).toEqual([false, gluesLines]);
      // Stamped before the start that it was written at.
      const early = new TtyDecoder({ gluesLines, startedAt: "2026-11-23T15:58:34.999999999Z" });
      const glued = Buffer.from(terminal("next", "2026-11-23T15:58:35.000000000Z"));
      const both = [...early.push(Buffer.concat([bytes, glued])), ...early.end(false)];
      expect(both.map(({ ended }) => ended)).toEqual([false, gluesLines, true]);
      // A tail begins with the last part alone.
      const tail = new TtyDecoder({ gluesLines });
      const last = [
        ...tail.push(bytes.subarray(STAMP.length + 1 + PART_BYTES)),
        ...tail.end(false),
      ];
      expect(last.map(({ ended }) => ended)).toEqual([gluesLines]);
    }
  });

  it.each([
    ["<html>"],
    ["hello world, this is no log stream at all, is it\n"],
    ["\u0001\u0000\u0000\u0000"],
  ])("calls what begins with %j no log stream", (text) => {
    const decoder = new TtyDecoder();
    const bytes = Buffer.from(`${terminal("good")}${text}${"z".repeat(50)}`);
    expect(decode(decoder, [bytes]).map((entry) => entry.text)).toEqual(["good\r"]);
    expect(decoder.fault?.kind).toBe("protocol");
  });

  it("recognises the daemon's error message in any chunking", () => {
    fc.assert(
      fc.property(arbitraryCuts, (cuts) => {
        const decoder = new TtyDecoder();
        decode(decoder, chunked(Buffer.from(`${terminal("x")}Error grabbing logs: EOF\n`), cuts));
        expect(decoder.fault?.kind).toBe("engine-error");
      }),
      { numRuns: 40 },
    );
  });
});
