import { ContainerJudge } from "./container-truth.ts";
import type { ContainerVerdict } from "./container-truth.ts";
import { healthProblems, samplesOf, turnsOf } from "./health-truth.ts";
import type { Turn } from "./health-truth.ts";
import type { Story } from "./run.ts";
import type { WorldContainer } from "./world.ts";

/** Besides its streams a pool has its events, a list, and eight inspections; some more while containers start. */
const CONNECTIONS_BESIDES = 16;
const MOST_RSS_BYTES = 400 * 1_048_576;
const TASKS_PER_CONTAINER = 12;
const TASKS_BESIDES = 60;
/** A container that was gone so soon before or behind such a thing may not have been seen. */
const UNSEEN_MS = 3_000;
/** A list, which shows what the events have not told, comes twice a minute. */
const LISTED_MS = 40_000;

export interface Figures {
  /** The engine's. */
  readonly version: string;
  readonly containers: number;
  readonly written: number;
  readonly came: number;
  /** Of all that came, again or not: read from files. */
  readonly fromFiles: number;
  /** How often a container was skipped, since its log could not be read. */
  readonly refused: number;
  readonly again: number;
  readonly gaps: number;
  readonly inGaps: number;
  readonly forgotten: number;
  readonly cutOff: number;
  readonly spoiled: number;
  readonly rotations: number;
  readonly collectors: number;
  readonly kills: number;
  readonly mostReaders: number;
  readonly mostConnections: number;
  readonly mostTasks: number;
  readonly mostRssMb: number;
  readonly backMs: number | undefined;
  /** By kind, how often. */
  readonly faults: Readonly<Record<string, number>>;
  readonly turns: readonly Turn[];
}

export interface Verdict {
  readonly violations: readonly string[];
  readonly figures: Figures;
}

/** Holds a story against the guarantees. */
export async function judge(story: Story): Promise<Verdict> {
  const verdicts: ContainerVerdict[] = [];
  for (const container of story.world.containers) {
    const truth = await story.world.truth(container);
    const judged = new ContainerJudge(container, truth).judge(
      story.runs,
      mayBeUnseen(story, container),
    );
    verdicts.push(judged);
  }
  const violations = [
    ...story.problems,
    ...verdicts.flatMap(({ problems }) => problems),
    ...healthProblems(story, verdicts),
    ...boundProblems(story),
    ...story.runs.flatMap(({ journal }) =>
      journal.flatMap((entry) => (entry[0] === "problem" ? [`G6: ${entry[2]}`] : [])),
    ),
  ];
  return { violations, figures: figuresOf(story, verdicts) };
}

/** It was removed while no collector ran, or something kept the collector from the engine. */
function mayBeUnseen({ runs, disturbances, startedAt }: Story, container: WorldContainer): boolean {
  const { removedAt, createdAt } = container;
  if (removedAt === undefined) return false;
  const isWatched = runs.some((run) => {
    // A busy machine takes seconds to load a collector.
    const begun = samplesOf(run)[0]?.at ?? Infinity;
    return begun + UNSEEN_MS < createdAt && run.to > removedAt + UNSEEN_MS;
  });
  if (!isWatched && startedAt < removedAt) return true;
  return disturbances.some(
    ({ from, to, fault }) =>
      !fault.kind.startsWith("sink") && from < removedAt + UNSEEN_MS && to > createdAt - LISTED_MS,
  );
}

function boundProblems({ plan, runs, maxConnections }: Story): string[] {
  const problems: string[] = [];
  const most = plan.collector.maxStreams + CONNECTIONS_BESIDES;
  if (maxConnections > most)
    problems.push(`G5: ${maxConnections} connections were open at once, and ${most} are allowed`);
  for (const run of runs) {
    const samples = samplesOf(run);
    const last = samples.at(-1);
    for (const { tasks, containers, rssBytes, sockets } of samples) {
      if (tasks > TASKS_BESIDES + TASKS_PER_CONTAINER * containers) {
        problems.push(`G5: ${tasks} tasks for ${containers} containers`);
        break;
      }
      if (rssBytes > MOST_RSS_BYTES) {
        problems.push(`G5: the process takes ${Math.round(rssBytes / 1_048_576)} MB`);
        break;
      }
      if (sockets > most) {
        problems.push(`G5: ${sockets} sockets, and ${most} are allowed`);
        break;
      }
    }
    if (run.end === "closed" && last !== undefined && (last.tasks > 0 || last.sockets > 0))
      problems.push(`G6: ${last.tasks} tasks and ${last.sockets} sockets are left behind close()`);
  }
  return problems;
}

function figuresOf(story: Story, verdicts: readonly ContainerVerdict[]): Figures {
  const sum = (of: (verdict: ContainerVerdict) => number): number =>
    verdicts.reduce((all, verdict) => all + of(verdict), 0);
  const samples = story.runs.flatMap(samplesOf);
  const faults: Record<string, number> = {};
  for (const { fault } of story.disturbances) faults[fault.kind] = (faults[fault.kind] ?? 0) + 1;
  for (const [, { kind }] of story.acts) faults[kind] = (faults[kind] ?? 0) + 1;
  const rotations = story.runs.map((run) =>
    Math.max(0, ...samplesOf(run).map((sample) => sample.rotations)),
  );
  return {
    version: story.world.version,
    containers: verdicts.length,
    written: sum(({ truth }) => truth.length),
    came: sum(({ cameAt }) => cameAt.filter((at) => at !== undefined).length),
    fromFiles: sum(({ fromFiles }) => fromFiles),
    refused: sum(({ refused }) => refused),
    again: sum(({ again }) => again),
    gaps: sum(({ gaps }) => gaps.length),
    inGaps: sum(({ inGaps }) => inGaps),
    forgotten: sum(({ forgotten }) => forgotten),
    cutOff: sum(({ cutOff }) => cutOff),
    spoiled: sum(({ spoiled }) => spoiled),
    rotations: rotations.reduce((all, one) => all + one, 0),
    collectors: story.runs.length,
    kills: story.runs.filter(({ end }) => end === "killed").length,
    mostReaders: story.mostReaders,
    mostConnections: story.maxConnections,
    mostTasks: Math.max(0, ...samples.map(({ tasks }) => tasks)),
    mostRssMb: Math.round(Math.max(0, ...samples.map(({ rssBytes }) => rssBytes)) / 1_048_576),
    backMs: story.backMs,
    faults,
    turns: turnsOf(story),
  };
}
