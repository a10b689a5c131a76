import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/wire/entry.ts";
import { TaskLines } from "../../src/wire/task-lines.ts";

function part(task: string, time: number, text: string, ended: boolean): Entry {
  const attributes = { "com.docker.swarm.task.id": task, "com.docker.swarm.node.id": "n" };
  const timestamp = `2026-11-28T00:00:00.${String(time).padStart(9, "0")}Z`;
  return { stream: "stdout", timestamp, text: Buffer.from(text), ended, attributes };
}

describe("lines of several tasks", () => {
  it("are joined of their own parts, however those of others stand between", () => {
    const line = fc.record({
      task: fc.constantFrom("a", "b", "c"),
      parts: fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 4 }),
    });
    const order = fc.array(fc.nat(2), { maxLength: 60 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), order, (lines, turns) => {
        const queues = ["a", "b", "c"].map((task) =>
          lines.flatMap(({ task: own, parts }, time) =>
            own === task
              ? parts.map((text, index) => part(task, time, text, index === parts.length - 1))
              : [],
          ),
        );
        const sent = turns.flatMap((turn) => queues[turn]?.shift() ?? []);
        const joiner = new TaskLines(1_000);
        const read = [...sent, ...queues.flat()].flatMap((entry) => joiner.push([entry]));
        for (const task of ["a", "b", "c"])
          expect(read.filter((one) => one.task === task).map((one) => one.line)).toEqual(
            lines.filter((one) => one.task === task).map(({ parts }) => parts.join("")),
          );
        expect(joiner.end()).toEqual([]);
      }),
    );
  });

  it("are marked where they were left without an end, or are too long", () => {
    const joiner = new TaskLines(5);
    const read = [
      ...joiner.push([part("a", 1, "left", false), part("a", 2, "next", true)]),
      ...joiner.push([part("a", 3, "1234", false), part("a", 3, "5678", true)]),
      ...joiner.push([part("b", 4, "open", false)]),
      ...joiner.end(),
    ];
    expect(read.map(({ line, truncated }) => [line, truncated])).toEqual([
      ["left", true],
      ["next", false],
      ["12345", true],
      ["open", true],
    ]);
  });
});
