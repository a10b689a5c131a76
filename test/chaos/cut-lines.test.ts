import { expect, test } from "vitest";
import type { JournalEntry } from "../../chaos/journal.ts";
import type { LoggedPart } from "../../chaos/joined-parts.ts";
import type { WorldContainer } from "../../chaos/world.ts";

const ID = "a".repeat(64);
const container: WorldContainer = {
  name: "c0",
  id: ID,
  kind: "long lines",
  createdAt: 0,
  isDamaged: false,
  removedAt: undefined,
  changes: [],
};

function timeOf(second: number): string {
  return `2026-01-01T00:00:0${second}.000000000Z`;
}

/** Of Podman's `k8s-file`: what has no line end goes on with the next one. */
function written(...texts: readonly string[]): LoggedPart[] {
  return texts.map((log, index) => ({
    log,
    stream: "stdout",
    timestamp: timeOf(index),
    from: index,
    to: index + 1,
    path: "ctr.log",
    goneAt: undefined,
    isDamaged: false,
  }));
}

/** What the oracle says where these lines came. */
async function problems(
  parts: readonly LoggedPart[],
  came: readonly (readonly [second: number, line: string])[],
  gaps: readonly { readonly after: string; readonly before: string }[] = [],
): Promise<readonly string[]> {
  const { joinedParts } = await import("../../chaos/joined-parts.ts");
  const { ContainerJudge } = await import("../../chaos/container-truth.ts");
  const truth = joinedParts(parts, false).map((line) => Object.assign(line, { writtenAt: 0 }));
  const journal = came.map(([second, line]): JournalEntry => [
    "record",
    1,
    ID,
    "stdout",
    timeOf(second),
    false,
    `${second}`,
    line,
  ]);
  for (const gap of gaps) journal.push(["status", 1, "gap", ID, gap]);
  const run = { from: 0, to: 2, end: "closed", journal } as const;
  return new ContainerJudge(container, truth).judge([run], false).problems;
}

const RUNS = written("line 10000001\n", "part 10000002 ", "line 20000001\n", "line 20000002\n");

test("a line that the next run ended may come whole, or as two", async () => {
  const whole = [
    [0, "line 10000001"],
    [1, "part 10000002 line 20000001"],
    [3, "line 20000002"],
  ] as const;
  const asTwo = [
    [0, "line 10000001"],
    [1, "part 10000002 "],
    [2, "line 20000001"],
    [3, "line 20000002"],
  ] as const;
  expect(await problems(RUNS, whole)).toEqual([]);
  expect(await problems(RUNS, asTwo)).toEqual([]);
  expect(await problems(RUNS, [...asTwo.slice(0, 2), ...asTwo.slice(3)])).toEqual([
    expect.stringMatching(/missing/),
  ]);
  expect(await problems(RUNS, [...asTwo.slice(0, 1), ...asTwo.slice(2)])).toEqual([
    expect.stringMatching(/missing/),
  ]);
});

test("a gap does not excuse the piece that the next run has written", async () => {
  const came = [
    [0, "line 10000001"],
    [1, "part 10000002 "],
    [3, "line 20000002"],
  ] as const;
  expect(await problems(RUNS, came, [{ after: timeOf(1), before: timeOf(3) }])).toEqual([
    expect.stringMatching(/lie in a gap, though the engine has them/),
  ]);
});

test("a line of one run comes whole", async () => {
  const parts = written("part 10000001 ", "end 10000001\n");
  expect(await problems(parts, [[0, "part 10000001 end 10000001"]])).toEqual([]);
  const asTwo = [
    [0, "part 10000001 "],
    [1, "end 10000001"],
  ] as const;
  expect(await problems(parts, asTwo)).toEqual([
    expect.stringMatching(/does not have/),
    expect.stringMatching(/does not have/),
    expect.stringMatching(/missing/),
  ]);
});
