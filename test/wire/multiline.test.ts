import { describe, expect, it } from "vitest";
import type { LogStream } from "../../src/index.ts";
import { MultilineJoiner } from "../../src/wire/multiline.ts";
import type { MultilineBounds } from "../../src/wire/multiline.ts";
import { LineRecord } from "../../src/wire/records.ts";

const wide: MultilineBounds = { start: /^E/, maxLines: 500, maxBytes: 1_000, maxWaitMs: 1_000 };

const info = {
  id: "ab".repeat(32),
  name: "web",
  image: "web:1",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};

/** Lines of one log, each with a time of its own. */
class Lines {
  readonly joiner: MultilineJoiner;
  readonly pushed: LineRecord[] = [];

  constructor(bounds: Partial<MultilineBounds> = {}) {
    this.joiner = new MultilineJoiner({ ...wide, ...bounds });
  }

  /** The records that a line ends, in their order. */
  push(
    line: string,
    stream: LogStream = "stdout",
    truncated = false,
    timestamp = `2026-11-23T15:58:34.${String(this.pushed.length).padStart(9, "0")}Z`,
  ): LineRecord[] {
    const firstEntry = this.pushed.length;
    const record = new LineRecord(info, stream, timestamp, line, truncated, Buffer.from(line), 0);
    this.pushed.push(record);
    const { before, withIt } = this.joiner.push({ record, firstEntry });
    return [before, withIt].filter((one) => one !== undefined);
  }

  /** All records, those that are open at the end included. */
  join(lines: readonly string[]): string[] {
    const records = lines.flatMap((line) => this.push(line));
    const last = this.joiner.end("stdout");
    return [...records, ...(last === undefined ? [] : [last])].map(({ line }) => line);
  }
}

describe("lines that go on with the one before", () => {
  it("make one record, until the next one begins", () => {
    const lines = new Lines();
    const joined = lines.join(["E1", " at a", " at b", "E2", "E3", " at c"]);
    expect(joined).toEqual(["E1\n at a\n at b", "E2", "E3\n at c"]);
  });

  it("make a record of their own where none has begun", () => {
    expect(new Lines().join([" at a", " at b", "E1"])).toEqual([" at a\n at b", "E1"]);
  });

  it("may be empty", () => {
    expect(new Lines().join(["E1", "", "", "E2", ""])).toEqual(["E1\n\n", "E2\n"]);
  });

  it("have the first one's time and id", () => {
    const lines = new Lines();
    lines.push("E1");
    lines.push(" at a");
    const [record] = lines.push("E2");
    const [first] = lines.pushed;
    expect(record?.timestamp).toBe(first?.timestamp);
    expect(record?.id).toBe(first?.id);
  });

  it("belong to the record of their own stream", () => {
    const lines = new Lines();
    lines.push("E out");
    lines.push("E err", "stderr");
    lines.push(" out a");
    lines.push(" err a", "stderr");
    expect(lines.joiner.open.map(({ firstEntry }) => firstEntry)).toEqual([0, 1]);
    expect(lines.joiner.end("stdout")?.line).toBe("E out\n out a");
    expect(lines.push("E err 2", "stderr").map(({ line }) => line)).toEqual(["E err\n err a"]);
  });

  it.each([0, 1, 2])("are truncated where line %d of them is", (cut) => {
    const lines = new Lines();
    for (let line = 0; line < 3; line++)
      lines.push(line === 0 ? "E" : " at", "stdout", line === cut);
    expect(lines.joiner.end("stdout")?.truncated).toBe(true);
    lines.push("E");
    expect(lines.joiner.end("stdout")?.truncated).toBe(false);
  });
});

describe("a record's bounds", () => {
  it("split it at so many lines", () => {
    const lines = ["E1", " a", " b", " c", " d", " e", "E2"];
    expect(new Lines({ maxLines: 3 }).join(lines)).toEqual(["E1\n a\n b", " c\n d\n e", "E2"]);
    expect(new Lines({ maxLines: 1 }).join(lines)).toEqual(lines);
  });

  it("hand a full record out at once", () => {
    const lines = new Lines({ maxLines: 2 });
    expect(lines.push("E1")).toEqual([]);
    expect(lines.push(" a").map(({ line }) => line)).toEqual(["E1\n a"]);
    expect(lines.joiner.open).toEqual([]);
  });

  it("split it before the line that would be too much", () => {
    const lines = ["E234", " 234", " 2", " 23", "5678"];
    expect(new Lines({ maxBytes: 10 }).join(lines)).toEqual(["E234\n 234\n 2", " 23\n5678"]);
  });

  it("count bytes, not characters", () => {
    expect(new Lines({ maxBytes: 8 }).join(["E€", "€", "€"])).toEqual(["E€\n€", "€"]);
  });

  it.each(["", " at", "E"])("leave a longer line alone, before %j", (next) => {
    const long = "E".repeat(50);
    expect(new Lines({ maxBytes: 10 }).join([long, next, long])).toEqual([long, next, long]);
  });
});

describe("a line that was written later", () => {
  const at = (seconds: string): string => `2026-11-23T15:58:${seconds}Z`;
  /** What a line ends that comes `second`, a second and a half or so behind the one before. */
  const ends = (first: string, second: string): string[] => {
    const lines = new Lines();
    lines.push("E1", "stdout", false, at(first));
    return lines.push(" at", "stdout", false, at(second)).map(({ line }) => line);
  };

  it("than a record waits goes on with nothing", () => {
    expect(ends("34.000000000", "35.000000000")).toEqual([]);
    expect(ends("34.000000000", "35.002000000")).toEqual(["E1"]);
    expect(ends("34.000000000", "33.000000000")).toEqual([]);
  });

  it("than a record waits may go on with it where the engine stamps seconds", () => {
    expect(ends("34", "36")).toEqual([]);
    expect(ends("34", "37")).toEqual(["E1"]);
  });

  it("is told by the line before it, not by the first one", () => {
    const lines = new Lines();
    const records = ["34.0", "34.9", "35.8", "36.7", "37.8"].flatMap((seconds, index) =>
      lines.push(index === 0 ? "E" : " at", "stdout", false, at(seconds)),
    );
    expect(records.map(({ line }) => line)).toEqual(["E\n at\n at\n at"]);
  });
});

describe("the expression", () => {
  it("may look for something in the middle", () => {
    const lines = ["first", "1 ERROR", "second", "2 ERROR"];
    expect(new Lines({ start: /ERROR/ }).join(lines)).toEqual([
      "first",
      "1 ERROR\nsecond",
      "2 ERROR",
    ]);
  });

  it("may be negative: what does not look like a continuation", () => {
    const lines = ["boom", "\tat a", "Caused by: x", "\tat b", "next"];
    expect(new Lines({ start: /^(?!\s|Caused by)/ }).join(lines)).toEqual([
      "boom\n\tat a\nCaused by: x\n\tat b",
      "next",
    ]);
  });
});
