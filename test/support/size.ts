/**
 * Which forms of the tests a run takes: the short ones (`npm test`), the long ones (`npm run test:long`), or all tests in their
 * long form (`npm run test:full`). See docs/maintainers/testing.md.
 */
export type Forms = "short" | "long" | "all";

export function chosenForms(): Forms {
  const chosen = process.env["DOCKSPOOL_TESTS"] ?? "short";
  if (chosen === "short" || chosen === "long" || chosen === "all") return chosen;
  throw new Error(`DOCKSPOOL_TESTS is "${chosen}", not short, long or all.`);
}

const isShort = chosenForms() === "short";

interface LongForm {
  /** `npm run test:long` chooses by it. */
  tags: string[];
  skip?: boolean;
}

/** Options of a test, or of a group, that has two sizes: it is in both runs. */
export const twoSizes: LongForm = { tags: ["long"] };

/** Options of a test, or of a group, that has no short form. */
export const longOnly: LongForm = { tags: ["long"], skip: isShort };

/** The size for this run. A test that uses it has the options `twoSizes`, or its long form never runs. */
export function sizes<T>({ short, long }: { readonly short: T; readonly long: T }): T {
  return isShort ? short : long;
}

/** How often a property is tried; FC_RUNS overrides it. */
export function propertyRuns(runs: { readonly short: number; readonly long: number }): number {
  return Number(process.env["FC_RUNS"] ?? sizes(runs));
}
