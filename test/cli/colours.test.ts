import { expect, test } from "vitest";
import { wantsColour } from "../../src/cli/colours.ts";

test("colours are for terminals, unless the environment says otherwise", () => {
  expect(wantsColour(true, {})).toBe(true);
  expect(wantsColour(false, {})).toBe(false);
  expect(wantsColour(false, { CI: "1" })).toBe(false);
  expect(wantsColour(true, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColour(true, { NO_COLOR: "" })).toBe(true);
  expect(wantsColour(true, { TERM: "dumb" })).toBe(false);
  expect(wantsColour(false, { FORCE_COLOR: "1" })).toBe(true);
  expect(wantsColour(false, { FORCE_COLOR: "" })).toBe(true);
  expect(wantsColour(true, { FORCE_COLOR: "0" })).toBe(false);
  expect(wantsColour(false, { FORCE_COLOR: "3", NO_COLOR: "1" })).toBe(true);
});
