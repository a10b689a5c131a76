import fc from "fast-check";

const codes = fc.oneof(fc.nat(0xff), fc.nat(0xffff), fc.nat(0x10ffff));

/** Any characters, halves of pairs among them. fast-check's own unit "binary" takes seconds to begin. */
export const anyText: fc.Arbitrary<string> = fc.string({
  unit: codes.map((code) => String.fromCodePoint(code)),
});

const HALVES = { first: 0xd800, last: 0xdfff };

/** Any characters, as far as they are whole. */
export const wellFormedText: fc.Arbitrary<string> = fc.string({
  unit: codes
    .filter((code) => code < HALVES.first || code > HALVES.last)
    .map((code) => String.fromCodePoint(code)),
});
