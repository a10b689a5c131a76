import { describe, expect, it } from "vitest";
import { filesSoFar } from "../../src/files/log-start.ts";

const BORN = BigInt(Date.UTC(2026, 10, 29)) * 1_000_000n;

describe("the beginning of a log with as many files as the engine keeps", () => {
  it.each([
    [
      "is its first where the file is older than the entry: the engine makes it before the container runs",
      60,
      1,
    ],
    ["may be missing where the file was made for the entry", -1, 3],
    ["may be missing where times of files are too early by a tick", 10, 3],
  ])("%s", (_, laterMs, files) => {
    const first = new Date(Date.UTC(2026, 10, 29) + laterMs).toISOString();
    expect(filesSoFar({ files: 3, born: BORN }, first)).toBe(files);
  });

  it("may be missing where the file system does not tell when a file was made", () => {
    expect(filesSoFar({ files: 3, born: 0n }, "2026-11-29T00:00:00.000000000Z")).toBe(3);
  });
});
