import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AttributedFrameDecoder } from "../../src/wire/attributed-frames.ts";
import { parseAttributes } from "../../src/wire/attributes.ts";
import type { Attributes } from "../../src/wire/attributes.ts";
import type { Decoder, Entry } from "../../src/wire/entry.ts";
import { FrameDecoder } from "../../src/wire/frames.ts";
import { TtyDecoder } from "../../src/wire/tty.ts";
import { STAMP, arbitraryCuts, chunked, frame, readable } from "./bytes.ts";

const PART_BYTES = 16_384;

/** As Go's `url.QueryEscape` does. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function prefixOf(attributes: Attributes): string {
  const pairs = Object.entries(attributes).map((pair) => pair.map(escaped).join("="));
  return `${pairs.join(",")} `;
}

const arbitraryAttributes = fc.dictionary(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  { maxKeys: 4 },
);

const arbitraryLine = fc.oneof(
  fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/g, "_")),
  fc.constantFrom("", " ", "a=b c", " a=b ", `${STAMP} text`, "k=v,k=v x"),
  fc.integer({ min: 16_000, max: 50_000 }).map((length) => "x".repeat(length)),
);

/** Entry by entry, with the attributes. */
function decode(decoder: Decoder, chunks: readonly Buffer[]): Entry[] {
  const entries = chunks.flatMap((chunk) => [...decoder.push(chunk)]);
  return [...entries, ...decoder.end(false)];
}

function frames(lines: readonly string[], prefix: string): Buffer {
  const all = lines.flatMap((line, index) => {
    const parts: Buffer[] = [];
    const bytes = `${line}\n`;
    for (let at = 0; at < bytes.length; at += PART_BYTES) {
      const part = bytes.slice(at, at + PART_BYTES);
      parts.push(frame(index % 3 === 0 ? 2 : 1, `${STAMP} ${prefix}${part}`));
    }
    return parts;
  });
  return Buffer.concat(all);
}

function terminal(lines: readonly string[], prefix: string): Buffer {
  const all = lines.map((line) => {
    const text = `${line}\r`;
    let bytes = "";
    for (let at = 0; at < text.length; at += PART_BYTES)
      bytes += `${STAMP} ${prefix}${text.slice(at, at + PART_BYTES)}`;
    if (text.length % PART_BYTES === 0) bytes += `${STAMP} ${prefix}`;
    return `${bytes}\n`;
  });
  return Buffer.from(all.join(""));
}

describe("attributes before a line", () => {
  it("are read back as they were, whatever stands in them", () => {
    fc.assert(
      fc.property(arbitraryAttributes, (attributes) => {
        const parsed = parseAttributes(prefixOf(attributes).slice(0, -1));
        expect(Object.entries(parsed ?? {})).toEqual(Object.entries(attributes));
        expect(Object.isFrozen(parsed)).toBe(true);
      }),
    );
  });

  it("are none where the text has another form", () => {
    for (const text of ["hello", "a=b,", ",a=b", "a=b,c", "a=b;c", "{a=b}", "ä=b"])
      expect(parseAttributes(text)).toBeUndefined();
    expect(parseAttributes("a=%FF")).toEqual({ a: "%FF" });
    expect(parseAttributes("a=b=c")).toBeUndefined();
    expect(parseAttributes("=")).toEqual({ "": "" });
    expect(parseAttributes("a=")).toEqual({ a: "" });
  });

  it("are read in time linear in their length", () => {
    expect(parseAttributes(`${"a=b,".repeat(20_000)}a=b;`)).toBeUndefined();
    expect(parseAttributes("a".repeat(100_000))).toBeUndefined();
  });

  it("leave frames as they are without them, in any chunking", () => {
    const lines = fc.array(arbitraryLine, { maxLength: 6 });
    fc.assert(
      fc.property(lines, arbitraryAttributes, arbitraryCuts, (texts, attributes, cuts) => {
        const without = decode(new FrameDecoder(), [frames(texts, "")]);
        const sent = frames(texts, prefixOf(attributes));
        const entries = decode(new AttributedFrameDecoder(), chunked(sent, cuts));
        expect(entries.map(readable)).toEqual(without.map(readable));
        for (const entry of entries) expect(entry.attributes).toEqual({ ...attributes });
        expect(new Set(entries.map((entry) => entry.attributes)).size).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("leave a terminal's lines as they are without them, in any chunking", () => {
    const lines = fc.array(
      arbitraryLine.map((line) => line.replaceAll(STAMP, "")),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(lines, arbitraryAttributes, arbitraryCuts, (texts, attributes, cuts) => {
        const without = decode(new TtyDecoder(), [terminal(texts, "")]);
        const sent = terminal(texts, prefixOf(attributes));
        const decoder = new TtyDecoder({ hasAttributes: true });
        const entries = decode(decoder, chunked(sent, cuts));
        expect(entries.map(readable)).toEqual(without.map(readable));
        for (const entry of entries) expect(entry.attributes).toEqual({ ...attributes });
      }),
    );
  });

  it("stand only before the first piece of a frame that is larger than any of the engine's", () => {
    const text = "a=b ".repeat(50_000);
    const entries = decode(new AttributedFrameDecoder(), [frame(1, `${STAMP} k=v ${text}\n`)]);
    expect(Buffer.concat(entries.map((entry) => entry.text)).toString()).toBe(text);
    expect(entries[0]?.attributes).toEqual({ k: "v" });
  });

  it("are no part of what came damaged", () => {
    const decoder = new AttributedFrameDecoder();
    expect(decode(decoder, [frame(1, "no timestamp")])).toEqual([]);
    expect(decoder.fault?.kind).toBe("protocol");
  });
});
