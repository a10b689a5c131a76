import fc from "fast-check";
import { toUSVString } from "node:util";
import { expect, it } from "vitest";
import { decodeKey, encodeKey } from "../../src/nats/bucket.ts";
import { filterOf, subjectOf, textOf, tokenOf } from "../../src/nats/subject.ts";
import { anyText } from "../support/any-text.ts";
import { containerNamed } from "../support/plain-records.ts";

const texts = anyText.map(toUSVString);

it("a token holds any text, and gives it back", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const token = tokenOf(text);
      expect(token).toMatch(/^[A-Za-z0-9_%-]+$/);
      expect(textOf(token)).toBe(text);
    }),
  );
});

it("different texts have different tokens", () => {
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      expect(tokenOf(one) === tokenOf(other)).toBe(one === other);
    }),
  );
});

it("a key of a bucket holds any key, and gives it back", () => {
  fc.assert(
    fc.property(texts, (key) => {
      const encoded = encodeKey(key);
      expect(encoded).toMatch(/^[-=\w]+(\.[-=\w]+)*$/);
      expect(decodeKey(encoded)).toBe(key);
    }),
  );
});

it("a subject names engine, container and stream", () => {
  const container = containerNamed("my.app-1", { engine: "host 7" });
  expect(subjectOf("logs", { container, stream: "stderr" })).toBe(
    "logs.host%207.my%2Eapp-1.stderr",
  );
  expect(filterOf("logs", "my.app-1")).toBe("logs.*.my%2Eapp-1.*");
  expect(filterOf("logs", undefined)).toBe("logs.>");
});
