import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TtyDecoder } from "../../src/wire/tty.ts";
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
  it("gives the same lines whatever the chunking", () => {
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
      { numRuns: 120 },
    );
  });

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
    const decoder = new TtyDecoder(later);
    const bytes = Buffer.from(`${STAMP} unfinished${terminal("next", later)}`);
    expect(decode(decoder, [bytes])).toEqual([
      { stream: "tty", timestamp: STAMP, text: "unfinished", ended: false },
      { stream: "tty", timestamp: later, text: "next\r", ended: true },
    ]);
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
