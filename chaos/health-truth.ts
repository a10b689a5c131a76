import type { ContainerVerdict } from "./container-truth.ts";
import type { Sample } from "./journal.ts";
import { seconds } from "./plan.ts";
import { TICK_MS } from "./run.ts";
import type { CollectorRun, Disturbance, Story } from "./run.ts";
import { upSince } from "./world.ts";

/**
 * Lines that do not come for so long are told of: a dead stream is found by a probe or a rotation (10 s in these runs), an
 * attempt that fails is told after 2 s; the rest is for a busy machine.
 */
const UNTOLD_MS = 18_000;
/** An engine that refuses connections is told at once. */
const REFUSED_TOLD_MS = 3_500;
/** A list is asked for twice a minute, which shows what dead events have not told. */
const EVENTS_FOUND_MS = 45_000;
/** Faults that leave nobody to answer. */
const UNREACHABLE: ReadonlySet<string> = new Set(["refused", "daemon killed", "daemon crashed"]);
const LOADING_MS = 4_000;
const SAMPLE_EVERY_MS = 200;

/** How long health took to turn after a fault began, and to be back after it ended. */
export interface Turn {
  readonly kind: string;
  readonly turnedMs: number | undefined;
  readonly backMs: number | undefined;
}

export function samplesOf(run: CollectorRun): Sample[] {
  return run.journal.flatMap((entry) => (entry[0] === "sample" ? [entry[1]] : []));
}

export function turnsOf({ disturbances, runs }: Story): Turn[] {
  return disturbances.map(({ fault, from, to }) => {
    const run = runs.find((one) => one.from <= from && from < one.to);
    const samples = run === undefined ? [] : samplesOf(run);
    const wasWell = samples.findLast(({ at }) => at <= from)?.health === "healthy";
    const turned = samples.find(
      ({ at, health }) => at > from && at < to + 3_000 && health !== "healthy",
    );
    if (!wasWell || turned === undefined)
      return { kind: fault.kind, turnedMs: undefined, backMs: undefined };
    const end = Math.max(to, turned.at);
    const back = samples.find(({ at, health }) => at >= end && health === "healthy");
    return {
      kind: fault.kind,
      turnedMs: turned.at - from,
      backMs: back === undefined ? undefined : Math.max(0, back.at - to),
    };
  });
}

/** Where health said all was well, and it was not. */
export function healthProblems(story: Story, verdicts: readonly ContainerVerdict[]): string[] {
  const problems: string[] = [];
  for (const run of story.runs) {
    const samples = samplesOf(run).filter(({ at }) => at < story.chaosEndedAt);
    for (const verdict of verdicts) {
      const problem = silence(story, samples, verdict);
      if (problem !== undefined) problems.push(problem);
    }
    for (const disturbance of story.disturbances) {
      const problem = refusal(story, run, samples, disturbance);
      if (problem !== undefined) problems.push(problem);
    }
  }
  return problems;
}

function refusal(
  story: Story,
  run: CollectorRun,
  samples: readonly Sample[],
  { fault, from, to }: Disturbance,
): string | undefined {
  if (!UNREACHABLE.has(fault.kind)) return undefined;
  const until = Math.min(to, run.to);
  const since = Math.max(from, (samples[0]?.at ?? run.to) + LOADING_MS);
  if (undisturbedMs(story, samples, since, until) < REFUSED_TOLD_MS) return undefined;
  const during = samples.filter(({ at }) => at >= since && at <= until);
  // Whoever reads from files has nothing else open at the engine, and finds dead events in their own time.
  if (readsFiles(run) && haveEventsDied(story, from - EVENTS_FOUND_MS, until)) return undefined;
  if (during.length === 0 || during.some(({ health }) => health !== "healthy")) return undefined;
  return `G10: healthy for ${seconds(until - since)} while the engine could not be reached (${fault.kind})`;
}

function silence(
  story: Story,
  samples: readonly Sample[],
  { container, truth, cameAt }: ContainerVerdict,
): string | undefined {
  if (container.isDamaged) return undefined;
  let next = 0;
  const came = cameAt.filter((at): at is number => at !== undefined).toSorted((a, b) => a - b);
  let seen = 0;
  for (const sample of samples) {
    const { at } = sample;
    while (next < truth.length && (cameAt[next] ?? 0) <= at) next++;
    while (seen < came.length && (came[seen] ?? Infinity) <= at) seen++;
    const oldest = truth[next];
    if (oldest === undefined) return undefined;
    const begun = samples[0]?.at ?? at;
    const up = upSince(container, at);
    // A pool does not follow what had stopped before it began.
    if (up === undefined && sample.states[container.id] === undefined) continue;
    const since = Math.max(oldest.writtenAt, came[seen - 1] ?? 0, begun + LOADING_MS, up ?? 0);
    if (sample.health !== "healthy" || at - since < UNTOLD_MS) continue;
    if (undisturbedMs(story, samples, since, at) < UNTOLD_MS) continue;
    if (isExcused(story, sample, container, since)) continue;
    return `G10: healthy, though nothing of ${container.name} came for ${seconds(at - since)}, and line ${next} was there: ${oldest.timestamp}; its source is ${sample.states[container.id] ?? "not there"}`;
  }
  return undefined;
}

/** How long both processes ran: a busy machine may stop them for seconds. */
function undisturbedMs(
  { ticks }: Story,
  samples: readonly Sample[],
  from: number,
  to: number,
): number {
  const played = ticks.filter((at) => at > from && at <= to).length * TICK_MS;
  const collected = samples.filter(({ at }) => at > from && at <= to).length * SAMPLE_EVERY_MS;
  return Math.min(played, collected);
}

function readsFiles({ journal }: CollectorRun): boolean {
  return journal.some(
    (entry) =>
      entry[0] === "status" &&
      entry[2] === "reading" &&
      JSON.stringify(entry[4]).includes('"via":"files"'),
  );
}

function haveEventsDied({ disturbances }: Story, from: number, to: number): boolean {
  return disturbances.some(
    ({ fault, from: begun, to: ended }) =>
      begun <= to &&
      ended >= from &&
      (fault.kind === "events die" || ("target" in fault && fault.target !== "logs")),
  );
}

function isExcused(
  story: Story,
  { at }: Sample,
  container: ContainerVerdict["container"],
  since: number,
): boolean {
  const { disturbances, acts } = story;
  const { name, removedAt } = container;
  if (removedAt !== undefined && removedAt < at) return true;
  const during = (spanMs: number): Disturbance["fault"][] =>
    disturbances
      .filter(({ from, to }) => from <= at && to >= since - spanMs)
      .map(({ fault }) => fault);
  // What the consumer does not take is told by its own bounds, and a clock that is set moves all of them.
  if (during(2_000).some(({ kind }) => kind.startsWith("sink") || kind.endsWith("clock")))
    return true;
  const isNew = at - (upSince(container, at) ?? at) < EVENTS_FOUND_MS;
  if (isNew && haveEventsDied(story, since - EVENTS_FOUND_MS, at)) return true;
  return acts.some(
    ([when, act]) =>
      act.kind === "detach" &&
      act.name === name &&
      when < at &&
      when + act.forMs + UNTOLD_MS > since,
  );
}
