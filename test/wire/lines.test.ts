import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry, LogStream } from "../../src/wire/entry.ts";
import { LineAssembler } from "../../src/wire/lines.ts";
import type { LineOptions } from "../../src/wire/lines.ts";
import type { ContainerInfo, LineRecord } from "../../src/wire/records.ts";
import { STAMP } from "./bytes.ts";

const container: ContainerInfo = {
  id: "c".repeat(64),
  name: "web",
  image: "fake",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};
const defaults: LineOptions = {
  maxLineBytes: 1_048_576,
  encoding: "utf8",
  joining: "by-timestamp",
};

function part(text: string | Buffer, options: Partial<Entry> = {}): Entry {
  return { stream: "stdout", timestamp: STAMP, text: Buffer.from(text), ended: true, ...options };
}

interface Assembled {
  readonly records: readonly LineRecord[];
  readonly cut: LineAssembler["cut"];
}

function assemble(entries: readonly Entry[], options: Partial<LineOptions> = {}): Assembled {
  const assembler = new LineAssembler({ ...defaults, ...options });
  const records: LineRecord[] = [];
  for (const entry of entries) assembler.push(entry, container, records);
  assembler.flush(container, records);
  return { records, cut: assembler.cut };
}

const lines = (entries: readonly Entry[], options: Partial<LineOptions> = {}): string[] =>
  assemble(entries, options).records.map(({ line }) => line);

describe("the parts of a line", () => {
  it("are joined, however they were cut, also within a character", () => {
    const text = "a€😀\r".repeat(20);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: Buffer.byteLength(text) }), { maxLength: 9 }),
        (cuts) => {
          const bytes = Buffer.from(text);
          const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
          const parts = places
            .slice(1)
            .map((end, index) =>
              part(bytes.subarray(places[index], end), { ended: index === places.length - 2 }),
            );
          expect(lines(parts)).toEqual([text]);
        },
      ),
    );
  });

  it("of both streams may interleave", () => {
    const open = { ended: false };
    const err: Partial<Entry> = { stream: "stderr" };
    const entries = [
      part("o1", open),
      part("e1", { ...err, ...open }),
      part("o2"),
      part("e2", err),
    ];
    expect(lines(entries)).toEqual(["o1o2", "e1e2"]);
  });

  it("under another timestamp are another line, where the engine gives a line one time", () => {
    const later = { timestamp: "2026-11-23T15:58:35Z" };
    expect(lines([part("left", { ended: false }), part("next", later)])).toEqual(["left", "next"]);
    expect(
      lines([part("left", { ended: false }), part("next", later)], { joining: "by-newline" }),
    ).toEqual(["leftnext"]);
  });

  it("carry the first one's timestamp", () => {
    const { records } = assemble(
      [part("a", { ended: false }), part("b", { timestamp: "2026-11-23T15:58:35Z" })],
      {
        joining: "by-newline",
      },
    );
    expect(records.map(({ timestamp }) => timestamp)).toEqual([STAMP]);
  });
});

describe("a line", () => {
  it.each(["", "\r", "a\rb", " ", "\u0000", "ends with \r"])("may be %j", (text) => {
    expect(lines([part(text)])).toEqual([text]);
  });

  it("of a terminal loses the one carriage return of its line end", () => {
    const tty: { stream: LogStream } = { stream: "tty" };
    expect(lines([part("a\rb\r\r", tty), part("\r", tty), part("none", tty)])).toEqual([
      "a\rb\r",
      "",
      "none",
    ]);
  });

  it("with bytes that are no UTF-8 has U+FFFD in their place", () => {
    expect(lines([part(Buffer.from([0x61, 0xff, 0xc3, 0x62]))])).toEqual(["a\ufffd\ufffdb"]);
  });

  it("keeps every byte as latin1", () => {
    const bytes = Buffer.from(
      Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x0a),
    );
    const [line = ""] = lines([part(bytes)], { encoding: "latin1" });
    expect(Buffer.from(line, "latin1")).toEqual(bytes);
  });
});

describe("a line longer than maxLineBytes", () => {
  it("is cut between characters, marked, and reported with its whole length", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 40 }),
        (maxLineBytes, size) => {
          const text = "a€😀ä".repeat(10);
          const bytes = Buffer.from(text);
          const parts: Entry[] = [];
          for (let at = 0; at < bytes.length; at += size) {
            parts.push(part(bytes.subarray(at, at + size), { ended: at + size >= bytes.length }));
          }
          const { records, cut } = assemble(parts, { maxLineBytes });
          const [record] = records;
          expect(records).toHaveLength(1);
          expect(record?.truncated).toBe(true);
          expect(cut).toEqual([{ timestamp: STAMP, bytes: bytes.length }]);
          expect(text.startsWith(record?.line ?? "?")).toBe(true);
          const kept = Buffer.byteLength(record?.line ?? "");
          expect(kept).toBeLessThanOrEqual(maxLineBytes);
          expect(kept).toBeGreaterThan(maxLineBytes - 4);
        },
      ),
    );
  });

  it("is cut anywhere as latin1, and where it is no UTF-8", () => {
    const bytes = Buffer.alloc(20, 0x80);
    expect(lines([part(bytes)], { maxLineBytes: 7, encoding: "latin1" })[0]).toHaveLength(7);
    expect(lines([part(bytes)], { maxLineBytes: 7 })[0]).toHaveLength(7);
  });

  it("is not one that is just as long", () => {
    const { records, cut } = assemble([part("12345"), part("123", { ended: false }), part("45")], {
      maxLineBytes: 5,
    });
    expect(records.map(({ line, truncated }) => [line, truncated])).toEqual([
      ["12345", false],
      ["12345", false],
    ]);
    expect(cut).toEqual([]);
  });

  it("of a terminal does not count its carriage return", () => {
    const { records } = assemble([part("12345\r", { stream: "tty" })], { maxLineBytes: 5 });
    expect(records.map(({ line, truncated }) => [line, truncated])).toEqual([["12345", false]]);
  });
});

describe("an id", () => {
  const ids = (entries: readonly Entry[], options: Partial<LineOptions> = {}): string[] =>
    assemble(entries, options).records.map(({ id }) => id);
  const repeated = [
    part("same"),
    part("same"),
    part("other"),
    part("same"),
    part("x".repeat(3_000)),
    part("x".repeat(3_000)),
  ];

  it("is different for identical lines under one timestamp, and the same in a reread", () => {
    expect(new Set(ids(repeated)).size).toBe(repeated.length);
    expect(ids(repeated)).toEqual(ids(repeated));
  });

  it("does not depend on maxLineBytes, encoding, or the places where the engine cut the line", () => {
    expect(ids(repeated, { maxLineBytes: 2 })).toEqual(ids(repeated));
    expect(ids(repeated, { maxLineBytes: 2_999 })).toEqual(ids(repeated));
    expect(ids(repeated, { encoding: "latin1" })).toEqual(ids(repeated));
    expect(ids([part("sa", { ended: false }), part("me"), ...repeated.slice(1)])).toEqual(
      ids(repeated),
    );
  });

  it("tells lines apart that are the same up to where they are cut", () => {
    expect(
      new Set(ids([part("aaaab"), part("aaaac"), part("aaaab")], { maxLineBytes: 2 })).size,
    ).toBe(3);
  });

  it("depends on the stream, the timestamp and the container", () => {
    const [stdout] = ids([part("x")]);
    expect(ids([part("x", { stream: "stderr" })])[0]).not.toBe(stdout);
    expect(ids([part("x", { timestamp: "2026-11-23T15:58:35Z" })])[0]).not.toBe(stdout);
  });

  it("is in toJSON beside every other field, and nothing else is", () => {
    const [record] = assemble([part("x")]).records;
    expect(JSON.parse(JSON.stringify(record))).toEqual({
      container,
      stream: "stdout",
      timestamp: STAMP,
      line: "x",
      truncated: false,
      id: record?.id,
    });
    expect(record?.id).toMatch(/^[\w-]{22}$/);
  });
});

describe("identical lines under one timestamp", () => {
  it("have different ids also where another timestamp stood between them", () => {
    const earlier = { timestamp: "2026-11-23T15:58:33Z" };
    const { records } = assemble([part("same"), part("same", earlier), part("same")]);
    expect(new Set(records.map(({ id }) => id)).size).toBe(3);
  });
});
