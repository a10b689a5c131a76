import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PartedTtyDecoder } from "../../src/wire/parted-tty.ts";
import { StablePartsDecoder } from "../../src/wire/stable-parts.ts";
import type { Entry } from "../../src/wire/entry.ts";

const stamp = (second: number, nanoseconds = "000000001"): string =>
  `2026-11-23T15:58:${String(second).padStart(2, "0")}.${nanoseconds}Z`;

function decode(chunks: readonly Buffer[]): string[] {
  const decoder = new StablePartsDecoder(new PartedTtyDecoder());
  const lines = chunks.flatMap((chunk) => decoder.push(chunk).map(shown));
  lines.push(...decoder.end(false).map(shown));
  expect(decoder.fault).toBeUndefined();
  return lines;
}

function shown({ timestamp, text, ended }: Entry): string {
  return `${timestamp} ${text.toString("utf8")}${ended ? "\n" : ""}`;
}

describe("a terminal's line that Podman cuts anywhere", () => {
  it("is put together, in any chunking, of parts of any length", () => {
    const part = fc.string({
      minLength: 1,
      maxLength: 30,
      unit: fc.constantFrom("a", "b", " ", "\r", "1", ":"),
    });
    const line = fc.array(part, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 5 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 50 })),
        (lines, sizes) => {
          const sent = lines
            .map(
              (parts, second) => `${parts.map((text) => `${stamp(second)} ${text}`).join("")}\r\n`,
            )
            .join("");
          const chunks: Buffer[] = [];
          for (let rest = Buffer.from(sent); rest.length > 0;) {
            const size = sizes.next().value ?? 1;
            chunks.push(rest.subarray(0, size));
            rest = rest.subarray(size);
          }
          expect(decode(chunks)).toEqual(
            lines.map((parts, second) => `${stamp(second)} ${parts.join("")}\r\n`),
          );
        },
      ),
    );
  });

  it("keeps a program's own timestamps, which are earlier, of another form, or right behind the engine's", () => {
    const text = `${stamp(3)} time=${stamp(2)} level=info at=2026-11-23T15:58:09Z done\r`;
    expect(decode([Buffer.from(`${stamp(3)} ${text}\n`)])).toEqual([`${stamp(3)} ${text}\n`]);
  });

  it("is handed over while it goes on", () => {
    const decoder = new PartedTtyDecoder();
    const entries = decoder.push(Buffer.from(`${stamp(1)} ${"x".repeat(40_000)}`));
    expect(entries.map(({ ended }) => ended)).toEqual([false]);
    expect(decoder.isHolding).toBe(true);
  });

  it("may be left without an end", () => {
    expect(decode([Buffer.from(`${stamp(1)} $ ${stamp(2)} ls`)])).toEqual([`${stamp(1)} $ ls`]);
  });

  it("is a fault where no timestamp begins it", () => {
    const decoder = new PartedTtyDecoder();
    decoder.push(Buffer.from("<html><body>a page of somebody else's, of some length</body>"));
    expect(decoder.fault?.kind).toBe("protocol");
  });
});
