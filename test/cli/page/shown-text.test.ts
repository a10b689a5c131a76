import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SHOWN_CHARACTERS, beginning, shownText } from "../../../src/cli/page/shown-text.ts";

/** What a browser might obey: controls, surrogates without their pair, marks of direction. */
const misleading = /[\p{Cc}\p{Cs}\p{Bidi_Control}]/u;

const part = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom(
    "\u001b[",
    "\u001b]",
    "\u009b",
    "\u0007",
    ";1",
    "m",
    "\u202e",
    "\u2067",
    "\ud83d",
    "\n",
  ),
);

describe("a line as it is shown", () => {
  it("keeps its words, its spaces and its markup, which is text", () => {
    const text = '  <script>alert("1 & 2")</script> größer 日本語 👩‍🚀';
    expect(shownText(text)).toBe(text);
  });

  it("has no escape sequences, and shows what else may mislead", () => {
    expect(shownText("\u001b[31mred\u001b[0m")).toBe("red");
    expect(shownText("\u001b]8;;http://evil.example\u0007link\u001b]8;;\u0007")).toBe("link");
    expect(shownText("a\u0000b\rc\u202ed")).toBe("a\\u0000b\\rc\\u202ed");
    expect(shownText("a\tb\nc")).toBe("a    b\nc");
  });

  it("shows nothing of any text that a browser might obey", () => {
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        expect(shownText(parts.join("")).replaceAll("\n", "")).not.toMatch(misleading);
      }),
    );
  });

  it("is cut where the line is long", () => {
    expect(beginning("short")).toBe("short");
    expect(beginning("x".repeat(16_000_000))).toHaveLength(SHOWN_CHARACTERS);
    expect(beginning("👩".repeat(SHOWN_CHARACTERS))).toHaveLength(SHOWN_CHARACTERS);
  });
});
