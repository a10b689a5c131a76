import { isDeepStrictEqual } from "node:util";

/** What is fuzzed: one kind of input. */
export interface Target {
  readonly name: string;
  /** What the input is, and what must hold, in a sentence. */
  readonly about: string;
  /** What its inputs are made of. */
  readonly words: readonly string[];
  /**
   * Reads one input.
   *
   * @throws Finding; anything else that is thrown is a finding as well
   */
  check(input: Buffer): void | Promise<void>;
  /** Ends what it has started. */
  close?(): Promise<void>;
}

/** Something that must hold does not. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/** @throws Finding */
export function hold(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Finding(what);
}

/** @throws Finding where they differ, as JSON */
export function same(what: string, given: unknown, expected: unknown): void {
  if (isDeepStrictEqual(given, expected)) return;
  const [own, other] = [shown(given), shown(expected)];
  throw new Finding(`${what} differs: ${excerpt(own)} is not ${excerpt(other)}`);
}

function shown(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === "bigint" ? `${part}n` : part === undefined ? null : part,
    ) ?? "undefined"
  );
}

function excerpt(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
