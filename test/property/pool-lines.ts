import { epochNanoseconds } from "../../src/index.ts";
import type { Line } from "../support/fake-follow.ts";

interface Gap {
  readonly after: string;
  readonly before?: string;
}

/** What came of a container's log. */
export interface Read {
  readonly lines: Line[];
  readonly gaps: Gap[];
  /** How many lines the engine had forgotten when the first one came. */
  forgotten: number;
}

/** `isCut`: the container was gone before all was read, so that the line in progress on each stream ends anywhere. */
export function difference(
  lines: readonly Line[],
  expected: readonly Line[],
  isWhole: boolean,
  isCut: boolean,
): string | undefined {
  let same = 0;
  while (same < lines.length && isSame(lines[same], expected[same])) same++;
  const rest = lines.slice(same);
  const begun = (line: Line): boolean => {
    const whole = expected.slice(same).find(({ stream }) => stream === line.stream);
    // Its last character may have been cut.
    const text = line.line.replace(/\uFFFD+$/, "");
    return whole?.timestamp === line.timestamp && whole.line.startsWith(text);
  };
  const areBegun =
    isCut && new Set(rest.map(({ stream }) => stream)).size === rest.length && rest.every(begun);
  const hasAll = !isWhole || expected.length === same;
  if ((rest.length === 0 || areBegun) && hasAll) return undefined;
  return `${lines.length} of ${expected.length} lines, ${same} the same; then ${show(lines[same])} where ${show(expected[same])} should be`;
}

/** What the engine has thrown away lies within gaps that were reported, or before what was read first. */
export function unaccounted(
  { lines, gaps, forgotten }: Read,
  written: readonly Line[],
): string | undefined {
  let came = 0;
  for (const [index, line] of written.entries()) {
    if (isSame(line, lines[came])) {
      came++;
      continue;
    }
    const time = epochNanoseconds(line.timestamp);
    const isForgotten = came === 0 && index < forgotten;
    const isInGap = gaps.some(
      ({ after, before }) =>
        (after === "" || epochNanoseconds(after) < time) &&
        (before === undefined || time < epochNanoseconds(before)),
    );
    if (!isForgotten && !isInGap) {
      const known = `${came} of ${lines.length} lines came before, ${forgotten} were forgotten at first`;
      return `${show(line)}, line ${index} of ${written.length}, is missing; ${known}, gaps ${JSON.stringify(gaps)}`;
    }
  }
  return came === lines.length ? undefined : `${show(lines[came])} came where it should not`;
}

function isSame(one: Line | undefined, other: Line | undefined): boolean {
  return (
    one !== undefined &&
    one.line === other?.line &&
    one.timestamp === other.timestamp &&
    one.stream === other.stream
  );
}

export function show(line: Line | undefined): string {
  if (line === undefined) return "nothing";
  const { length } = line.line;
  return JSON.stringify({ ...line, line: line.line.slice(0, 20), length });
}
