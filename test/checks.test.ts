import fc from "fast-check";
import { expect, it } from "vitest";
import { nearest } from "../src/checks.ts";

const known = ["engine", "from", "bufferBytes", "stallProbeMs", "rotateTimeoutMs", "signal"];

it.each([
  ["stallProbMs", "stallProbeMs"],
  ["stallprobems", "stallProbeMs"],
  ["stallProbe", "stallProbeMs"],
  ["form", "from"],
  ["bufferByte", "bufferBytes"],
  ["bufferByets", "bufferBytes"],
  ["rotateTimeout", "rotateTimeoutMs"],
  ["engines", "engine"],
  ["colour", undefined],
  ["", undefined],
  ["x".repeat(1e6), undefined],
])("of %s the nearest is %s", (name, expected) => {
  expect(nearest(name, known)).toBe(expected);
});

it("a name with one letter left out, added or swapped is found again", () => {
  const slip = (name: string, at: number, kind: "out" | "in" | "swap"): string => {
    const rest = name.slice(at);
    if (kind === "in") return `${name.slice(0, at)}q${rest}`;
    const next =
      kind === "out" ? rest.slice(1) : `${rest.slice(1, 2)}${rest.slice(0, 1)}${rest.slice(2)}`;
    return name.slice(0, at) + next;
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...known),
      fc.nat(3),
      fc.constantFrom("out", "in", "swap" as const),
      (name, at, kind) => {
        expect(nearest(slip(name, at, kind), known)).toBe(name);
      },
    ),
  );
});
