/** Timestamps in the forms that engines send, with their space; and some that are none. */
export const STAMPS: readonly string[] = [
  "2026-11-23T15:58:34.885847851Z ",
  "2026-11-23T15:58:34.885847852Z ",
  "2026-11-23T15:58:35.000000000Z ",
  "2026-11-23T15:58:34Z ",
  "2026-11-23T15:58:34.123456789+05:30 ",
  "2026-13-45T99:00:00.000000000Z ",
  "2026-11-23T15:58:34.885847851Z",
  "0000-01-01T00:00:00-23:59 ",
];

/** Pieces of JSON, and of what hides in it. */
export const JSON_WORDS: readonly string[] = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  '"',
  "null",
  "true",
  "1e999",
  "-0",
  "9007199254740993",
  '"__proto__":{"polluted":true},',
  '"constructor":{"prototype":{"polluted":true}},',
  '{"toString":1,"valueOf":1}',
  '"\\ud800"',
  '"\\u0000\\u001b[2J\\u202e"',
  "\xed\xa0\x80",
  "[[[[[[[[[[[[[[[[",
];
