import { growthsOf, hasGrown, withoutWarmUp } from "./growth.ts";
import type { Growth } from "./growth.ts";
import type { Recording, Sample } from "./samples.ts";

const MB = 1_000_000;

/** What is wrong with a run, in words; nothing where all is well. */
export function wrongWith({ begin, samples, notes, end }: Recording): string[] {
  const wrong = growthsOf(withoutWarmUp(samples)).filter(hasGrown).map(grownInWords);
  wrong.push(...standstills(samples));
  for (const { container, what, at } of notes) wrong.push(`${at} ${container}: ${what}.`);
  const last = samples.at(-1);
  if (last !== undefined && last.gaps > 0) wrong.push(`${last.gaps} gaps.`);
  if (end === undefined) return wrong;
  for (const { kind, lost, repeated, foreign, reordered, written } of end.kinds) {
    if (lost + repeated + foreign + reordered > 0)
      wrong.push(
        `Containers of the kind "${kind}": ${lost} lines lost, ${repeated} repeated, ${foreign} that no log holds, ${reordered} out of order.`,
      );
    if (begin.kinds[kind] > 0 && written === 0)
      wrong.push(`Containers of the kind "${kind}" have written nothing.`);
  }
  if (end.firstDifference !== undefined) wrong.push(end.firstDifference);
  if (end.failedRotations > 0) wrong.push(`${end.failedRotations} rotations have failed.`);
  const { rotations = 0 } = begin.options;
  if (end.rotations < rotations && !end.isEarly)
    wrong.push(`${end.rotations} of ${rotations} rotations.`);
  for (const left of end.left) wrong.push(`Left when all is closed and removed: ${left}.`);
  return wrong;
}

function grownInWords({ name, unit, first, last, rise, most }: Growth): string {
  const shown = (value: number): string =>
    unit === "bytes" ? `${(value / MB).toFixed(1)} MB` : value.toFixed(1);
  return `${name} has grown: ${shown(first)} -> ${shown(last)}, by ${shown(rise)}; ${shown(most)} may be.`;
}

/** A run that captures nothing grows nowhere. */
function standstills(samples: readonly Sample[]): string[] {
  const wrong: string[] = [];
  for (const [index, sample] of samples.entries()) {
    const before = samples[index - 1];
    for (const name of sample.late)
      wrong.push(
        `${sample.at} ${name}: lines that its log has held for half a minute have not come.`,
      );
    if (before === undefined) continue;
    if (sample.linesIn === before.linesIn) wrong.push(`${sample.at}: nothing was written.`);
    if (sample.linesOut === before.linesOut) wrong.push(`${sample.at}: no line has come.`);
  }
  return wrong;
}
