import { describe, expect, test } from "vitest";
import type { End, Note, Sample } from "../../../scripts/soak/samples.ts";
import { wrongWith } from "../../../scripts/soak/verdict.ts";
import { begin, end, soakSamples } from "../../support/soak-samples.ts";

interface Change {
  readonly samples?: readonly Sample[];
  readonly notes?: readonly Note[];
  readonly end?: Partial<End>;
}

function wrong({ samples = soakSamples(80), notes = [], end: changed = {} }: Change): string[] {
  return wrongWith({ begin, samples, notes, end: { ...end, ...changed } });
}

function chatty(change: Partial<End["kinds"][number]>): Partial<End> {
  return { kinds: end.kinds.map((kind) => ({ ...kind, ...change })) };
}

describe("a run", () => {
  test("is all right where nothing grows and all lines are here", () => {
    expect(wrong({})).toEqual([]);
  });

  test("has failed where something grows", () => {
    const samples = soakSamples(80, (index) => ({ sockets: 51 + index }));
    expect(wrong({ samples })).toEqual([
      expect.stringMatching(/^sockets has grown: .*; 2\.0 may be/),
    ]);
  });

  test("has failed where nothing is captured, though nothing grows", () => {
    const samples = soakSamples(80, (index) => ({ linesOut: Math.min(index, 40) * 10_000 }));
    expect(wrong({ samples })).toContain(`${samples[41]?.at}: no line has come.`);
  });

  test("has failed where nothing is written, since then it shows nothing", () => {
    const samples = soakSamples(80, () => ({ linesIn: 5, linesOut: 5 }));
    expect(wrong({ samples })).toContain(`${samples[1]?.at}: nothing was written.`);
  });

  test("has failed where the lines of one container do not come", () => {
    const samples = soakSamples(80, (index) => ({ late: index === 9 ? ["soak-01-quiet"] : [] }));
    expect(wrong({ samples })).toEqual([expect.stringContaining("soak-01-quiet: lines that")]);
  });

  test.for(["lost", "repeated", "foreign", "reordered"] as const)(
    "has failed where a line is %s",
    (what) => {
      expect(wrong({ end: chatty({ [what]: 1 }) })).toEqual([
        expect.stringContaining('"chatty": '),
      ]);
    },
  );

  test("has failed by a gap, a status that should not be, a rotation, or what is left", () => {
    const note: Note = { type: "note", at: begin.at, container: "soak-01-quiet", what: "stalled" };
    expect(wrong({ notes: [note] })).toHaveLength(1);
    expect(wrong({ samples: soakSamples(80, () => ({ gaps: 1 })) })).toEqual(["1 gaps."]);
    expect(wrong({ end: { failedRotations: 2 } })).toEqual(["2 rotations have failed."]);
    expect(wrong({ end: { rotations: 9 } })).toEqual(["9 of 14400 rotations."]);
    expect(wrong({ end: { left: ["descriptors 21 -> 22"] } })).toHaveLength(1);
    expect(wrong({ end: chatty({ written: 0 }) })).toHaveLength(1);
  });
});
