import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLine } from "../../src/formats.ts";
import type { ParsedLine } from "../../src/formats.ts";
import { anyText } from "../support/any-text.ts";
import { thrown } from "../support/fake-follow.ts";

const at = "2026-11-29T16:02:00.000Z";

/** Lines as the loggers print them by their defaults, and what they say. */
const lines: readonly (readonly [logger: string, line: string, said: Partial<ParsedLine>])[] = [
  [
    "pino",
    '{"level":30,"time":1795968120000,"pid":1,"hostname":"web","msg":"listening","port":8080}',
    {
      message: "listening",
      level: "info",
      time: at,
      fields: { pid: 1, hostname: "web", port: 8080 },
    },
  ],
  [
    "bunyan",
    '{"name":"app","hostname":"web","pid":1,"level":50,"msg":"failed","time":"2026-11-29T16:02:00.000Z","v":0}',
    {
      message: "failed",
      level: "error",
      time: at,
      fields: { name: "app", hostname: "web", pid: 1, v: 0 },
    },
  ],
  [
    "winston",
    '{"level":"warn","message":"slow","timestamp":"2026-11-29T16:02:00.000Z","service":"user"}',
    { message: "slow", level: "warn", time: at, fields: { service: "user" } },
  ],
  [
    "zap",
    '{"level":"dpanic","ts":1795968120.0001,"caller":"main.go:12","msg":"broken","stacktrace":"main"}',
    {
      message: "broken",
      level: "fatal",
      time: at,
      fields: { caller: "main.go:12", stacktrace: "main" },
    },
  ],
  [
    "logrus, as JSON",
    '{"animal":"walrus","level":"warning","msg":"group","time":"2026-11-29T17:02:00+01:00"}',
    { message: "group", level: "warn", time: "2026-11-29T16:02:00Z", fields: { animal: "walrus" } },
  ],
  [
    "logrus, as text",
    'time="2026-11-29T16:02:00Z" level=error msg="it said \\"no\\"" code=7',
    {
      message: 'it said "no"',
      level: "error",
      time: "2026-11-29T16:02:00Z",
      fields: { code: "7" },
    },
  ],
  [
    "Python's json logger",
    '{"asctime":"x","levelname":"CRITICAL","message":"end"}',
    { message: "end", level: "fatal", fields: { asctime: "x" } },
  ],
  [
    "Heroku's router",
    'at=info method=GET path="/" status=200',
    { fields: { at: "info", method: "GET", path: "/", status: "200" } },
  ],
  ["nginx", "2026/11/29 16:02:00 [error] 1#1: *1 open() failed", { level: "error" }],
  ["Python", "WARNING:root:disk is nearly full", { level: "warn" }],
  ["log4j", "2026-11-29 16:02:00,123 INFO  [main] c.e.App - no ERROR", { level: "info" }],
  ["npm", "npm error code E404", { level: undefined }],
  ["winston with colours", "\u001b[32minfo\u001b[39m: ready", { level: "info" }],
  ["text with a time", "2026-11-29T16:02:00.000Z [debug] x", { level: "debug", time: at }],
  ["text with a local time", "2026-11-29 16:02:00 x", { time: undefined }],
  ["text that only speaks of errors", "it found the error message", { level: undefined }],
  ["a name with a level in it", "no-error ERRORS infos: x", { level: undefined }],
];

describe("parseLine", () => {
  it.each(lines)("reads a line of %s", (_, line, said) => {
    expect(parseLine(line)).toMatchObject({ message: line, ...said });
  });

  it.each([
    "",
    "{",
    "{}",
    "[]",
    "null",
    '"text"',
    "a=1",
    "a=1 b",
    'a="1',
    "=",
    "a=1 b=2 c",
    "{} x",
  ])("takes %j for its own message, or for fields", (line) => {
    expect(parseLine(line)).toEqual({
      message: line,
      level: undefined,
      time: undefined,
      fields: {},
    });
  });

  it("leaves in the fields what it does not understand", () => {
    expect(parseLine('{"msg":{"a":1},"level":"loud","time":"soon"}')).toMatchObject({
      level: undefined,
      time: undefined,
      fields: { msg: { a: 1 }, level: "loud", time: "soon" },
    });
  });

  it.each([
    [1795968120, at],
    [1795968120000, at],
    [1795968120000000, at],
    ["1795968120000000000", at],
    ["2026-11-29 16:02:00.5 +0530", "2026-11-29T10:32:00.5Z"],
    ["2026-13-29T16:02:00Z", undefined],
    [-1, undefined],
    [12, undefined],
    [1e300, undefined],
  ])("reads the time %j", (time, read) => {
    expect(parseLine(JSON.stringify({ msg: "", time })).time).toBe(read);
  });

  it("takes apart no line that is longer than it may be", () => {
    const line = JSON.stringify({ msg: "ä".repeat(20) });
    const bytes = Buffer.byteLength(line);
    expect(parseLine(line, { maxBytes: bytes }).message).toBe("ä".repeat(20));
    expect(parseLine(line, { maxBytes: bytes - 1 })).toMatchObject({ message: line, fields: {} });
  });

  it("reads a quoted value however long it is", () => {
    const text = "x".repeat(16_000_000);
    expect(parseLine(`a="${text}" b=1`, { maxBytes: 2 ** 30 }).fields["a"]).toHaveLength(
      text.length,
    );
  });

  it("takes apart no line that is deeper than it may be, however deep", () => {
    const nested = (depth: number): string =>
      `{"msg":"m","a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(parseLine(nested(2), { maxDepth: 2 }).message).toBe("m");
    expect(parseLine(nested(3), { maxDepth: 2 }).message).toBe(nested(3));
    expect(parseLine(nested(17)).fields).toEqual({});
    const deepest = nested(32_000);
    expect(parseLine(deepest).message).toBe(deepest);
  });

  it("keeps away the names by which all objects could be changed", () => {
    const line =
      '{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},"a":[{"__proto__":{"x":1}}],"b":2}';
    const { fields } = parseLine(line);
    expect(fields).toEqual({ a: [{}], b: 2 });
    expect(Object.keys(fields)).toEqual(["a", "b"]);
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
    expect(parseLine("__proto__=1 b=2 c=3").fields).toEqual({ b: "2", c: "3" });
    expect({}).not.toHaveProperty("x");
  });

  it("refuses options that it does not have", () => {
    expect(thrown(() => parseLine("", { maxDepth: -1 }), "INVALID_OPTION").message).toContain(
      "llowed",
    );
  });

  it("never throws, and gives a text, a level, a time and fields", () => {
    const pieces = fc.constantFrom(
      ...['{"', '":', '"}', "}", "[", "]", "level", "=", '"', "\\", " ", "\n", "time", "msg"],
      ...["1795968120", "ERROR", "[info]", "\ud800", "\u001b[31m", "__proto__", "null"],
    );
    const lineLike = fc.oneof(
      anyText,
      fc.string({ unit: pieces, maxLength: 60 }),
      fc.json(),
      fc.dictionary(fc.string(), fc.jsonValue()).map((object) => JSON.stringify(object)),
    );
    fc.assert(
      fc.property(lineLike, (line) => {
        const { message, level, time, fields } = parseLine(line);
        expect(typeof message).toBe("string");
        expect(["undefined", "string"]).toContain(typeof level);
        if (time !== undefined) expect(Number.isNaN(Date.parse(time))).toBe(false);
        expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
      }),
    );
  });

  it("loses no field of a logfmt line", () => {
    const name = fc.stringMatching(/^[a-z]{3,8}_$/);
    const fieldsOf = fc.dictionary(name, fc.string(), { minKeys: 2, noNullPrototype: true });
    fc.assert(
      fc.property(fieldsOf, (fields) => {
        const line = Object.entries(fields).map(
          ([key, value]) => `${key}=${JSON.stringify(value)}`,
        );
        expect(parseLine(line.join(" ")).fields).toEqual(fields);
      }),
    );
  });
});
