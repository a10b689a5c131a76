import { compareLines, noDifference } from "../../test/support/ground-truth.ts";
import type { ComparableLine, Comparison } from "../../test/support/ground-truth.ts";
import type { Fleet } from "./fleet.ts";
import { digestOf } from "./journal.ts";
import type { Journal } from "./journal.ts";
import { KINDS } from "./kinds.ts";
import type { End, KindResult } from "./samples.ts";

/** Compares what came with the engine's own log files, container by container and line by line. */
export async function compareLogs(
  fleet: Fleet,
  journal: Journal,
): Promise<Pick<End, "kinds" | "firstDifference">> {
  let firstDifference: string | undefined;
  const kinds: KindResult[] = [];
  for (const kind of KINDS) {
    const members = fleet.members.filter((member) => member.kind === kind);
    const sum = { written: 0, received: 0, lost: 0, repeated: 0, foreign: 0, reordered: 0 };
    for (const member of members) {
      const log = await fleet.log(member);
      const received = await journal.read(member.index);
      const { firstDifference: first, ...counts } = compareDigests(log, received);
      if (first !== undefined) firstDifference ??= `Container ${member.name}. ${first}`;
      sum.written += log.length;
      sum.received += received.length;
      sum.lost += counts.lost;
      sum.repeated += counts.repeated;
      sum.foreign += counts.foreign;
      sum.reordered += counts.reordered;
    }
    kinds.push({ kind, containers: members.length, ...sum });
  }
  return { kinds, firstDifference };
}

/** Compares a container's log with the digests of the lines that came, in their order. */
export function compareDigests(
  log: readonly ComparableLine[],
  received: readonly number[],
): Comparison {
  const expected = log.map(digestOf);
  if (
    expected.length === received.length &&
    expected.every((digest, index) => digest === received[index])
  )
    return noDifference;
  const lines = new Map(expected.map((digest, index) => [digest, log[index]]));
  return compareLines(
    log,
    received.map((digest) => lines.get(digest) ?? unknownLine(digest)),
  );
}

/** The text of a line that the log does not hold is not kept. */
function unknownLine(digest: number): ComparableLine {
  const shown = digest.toString(16).padStart(12, "0");
  return { stream: "stdout", timestamp: "", line: `(not in the log; its digest is ${shown})` };
}
