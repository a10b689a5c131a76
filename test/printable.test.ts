import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable, show } from "../src/printable.ts";
import { anyText } from "./support/any-text.ts";

describe("a text of somebody else's", () => {
  it("is shown on one line, without what a terminal obeys", () => {
    expect(printable("\u001B]0;pwned\u0007\u001B[2Jhello\nFAKE")).toBe(
      String.raw`\u001b]0;pwned\u0007\u001b[2Jhello\nFAKE`,
    );
    expect(printable("a\u202Eb\u2028c\u009Bd")).toBe(String.raw`a\u202eb\u2028c\u009bd`);
    expect(printable("naïve – 日本語 🙂")).toBe("naïve – 日本語 🙂");
  });

  it("is never longer than its bound says, and the same when it is shown again", () => {
    fc.assert(
      fc.property(anyText, fc.nat(50), (text, max) => {
        const shown = printable(text, max);
        expect(shown).not.toMatch(/\p{Cc}/u);
        expect(shown.length).toBeLessThanOrEqual(6 * max + 1);
        expect(printable(shown)).toBe(shown);
      }),
    );
  });
});

describe("a value of the caller's", () => {
  const key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg";
  it.each<[unknown, string]>([
    ["1MB", '"1MB"'],
    ["\u001B[2J", String.raw`"\u001b[2J"`],
    [5, "5"],
    [-0.5, "-0.5"],
    [5n, "5n"],
    [null, "null"],
    [undefined, "undefined"],
    [Symbol("a"), "Symbol(a)"],
    [() => key, "a function"],
    [{}, "{}"],
    [{ tail: -1 }, "{ tail: -1 }"],
    [
      { host: "b", key, port: -1, ok: true, ca: [key] },
      "{ host: a string, key: a string, port: -1, ok: true, ca: an object }",
    ],
    [["stdin", 5, { key }], "[a string, 5, an object]"],
    [Array.from({ length: 500 }, () => key), "a list of 500"],
    [new Date(Number.NaN), "an invalid Date"],
    [new Map([[key, key]]), "a value of the type Map"],
    [Buffer.from(key), "a value of the type Uint8Array"],
    [key, "a PEM text"],
    ["redis://ci:s3cr3t@10.0.0.5/x?token=abc", '"redis://…@10.0.0.5/x…"'],
    ["redis://ci:s3/cr@3t@10.0.0.5", '"redis://…@10.0.0.5"'],
    ["x".repeat(500), `"${"x".repeat(60)}…"`],
  ])("%o is shown in a few words, and no secret of it", (value, shown) => {
    expect(show(value)).toBe(shown);
  });

  it("that does not let itself be looked at is shown as such", () => {
    const throwing = {
      get port(): number {
        throw new Error("not to be read");
      },
    };
    expect(show(throwing)).toBe("an object that can't be shown");
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(show(proxy)).toBe("an object that can't be shown");
  });

  it("is shown whatever it is", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
        const shown = show(value);
        expect(shown).not.toMatch(/\p{Cc}/u);
        expect(shown.length).toBeLessThan(2_000);
      }),
    );
  });
});
