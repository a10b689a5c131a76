import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ShownLine } from "../../../../src/cli/page/messages.ts";

const { KeptLines, passing, searched } = await import(
  new URL("../../../../src/cli/page/client/kept-lines.js", import.meta.url).href
);

function line(number: number, container: string, text: string): ShownLine {
  return {
    number,
    container,
    name: container,
    text,
    stream: "stdout",
    timestamp: "2026-11-23T15:58:34Z",
    leftOut: 0,
  };
}

const all = { text: "", container: "", stream: "" };

describe("lines that a page keeps", () => {
  it("are those of each container, also while another one writes much", () => {
    const kept = new KeptLines();
    kept.add([line(1, "quiet", "here")]);
    for (let number = 2; number < 50_000; number++) kept.add([line(number, "loud", "x")]);
    expect(kept.size).toBeLessThanOrEqual(6_000);
    const quiet = kept.newest(passing({ ...all, container: "quiet" }), 500);
    expect(quiet.map(({ text }: ShownLine) => text)).toEqual(["here"]);
    const newest = kept.newest(passing(all), 500);
    expect(newest).toHaveLength(500);
    expect(newest.at(-1)).toMatchObject({ number: 49_999 });
  });

  it("are bounded for any number of containers", () => {
    const kept = new KeptLines();
    for (let number = 1; number < 40_000; number++) kept.add([line(number, `${number}`, "x")]);
    expect(kept.size).toBeLessThanOrEqual(6_000);
    expect(kept.names.size).toBeLessThanOrEqual(6_000);
  });
});

describe("a search", () => {
  it("finds a text as it stands, in any case", () => {
    const passes = passing({ ...all, text: "(A.B]" });
    expect(passes(line(1, "a", "xx(a.b]xx"))).toBe(true);
    expect(passes(line(1, "a", "xx(acb]xx"))).toBe(false);
  });

  it("finds every text in itself", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (text, around) => {
        expect(`${around}${text}${around}`.search(searched(text))).not.toBe(-1);
      }),
    );
  });
});
