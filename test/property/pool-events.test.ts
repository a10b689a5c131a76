import { describe, expect, it } from "vitest";
import { StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, nothingOpen, toLines, turns } from "../support/fake-follow.ts";
import { PoolFollower } from "../support/pool-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";

/** What a story's steps act on. */
interface Stage {
  readonly fake: FakeEngine;
  /** All that there ever were, the oldest first. */
  readonly containers: FakeContainer[];
}

interface Step {
  readonly name: string;
  readonly act: (stage: Stage) => void;
}

interface Story {
  readonly name: string;
  /** Before the pool. */
  readonly before: (stage: Stage) => void;
  readonly steps: readonly Step[];
}

function create(name: string): Step {
  return {
    name: "create",
    act: ({ fake, containers }) => void containers.push(fake.create({ name })),
  };
}

/** Of the container created last. */
function latest(name: string, act: (container: FakeContainer) => void): Step {
  return {
    name,
    act: ({ containers }) => {
      const container = containers.at(-1);
      if (container !== undefined) act(container);
    },
  };
}

const write: Step = latest("write", (container) => {
  for (const stream of ["stdout", "stderr"] as const)
    container.write(`line ${container.written.length}`, { stream });
});
const start: Step = latest("start", (container) => container.start());
const die: Step = latest("die", (container) => container.stop());
const destroy: Step = latest("destroy", (container) => container.remove());
const rename = (name: string): Step => latest("rename", (container) => container.rename(name));

function prepared(...steps: readonly Step[]): (stage: Stage) => void {
  return (stage) => {
    for (const { act } of steps) act(stage);
  };
}

const nothing = (): void => {};
const stories: readonly Story[] = [
  { name: "a new one", before: nothing, steps: [create("web"), write, write, die] },
  {
    name: "a new one that starts again",
    before: nothing,
    steps: [create("web"), write, die, start, write, die, start, write],
  },
  {
    name: "one that lives for a moment",
    before: nothing,
    steps: [create("web"), write, die, destroy],
  },
  {
    name: "one that runs already",
    before: prepared(create("web"), write),
    steps: [write, die, start, write, die],
  },
  {
    name: "one that was stopped",
    before: prepared(create("web"), write, die),
    steps: [start, write, die, start, write],
  },
  {
    name: "one that was stopped and lives for a moment",
    before: prepared(create("web"), write, die),
    steps: [start, write, die, destroy],
  },
  {
    name: "one that is renamed",
    before: prepared(create("web"), write),
    steps: [write, rename("old"), write, die, start, write],
  },
  {
    name: "one that gives its name to a new one",
    before: prepared(create("web"), write),
    steps: [rename("old"), write, create("web"), write, die],
  },
  {
    name: "one that is replaced",
    before: prepared(create("web"), write),
    steps: [write, die, destroy, create("web"), write, die, destroy, create("web"), write],
  },
];

interface Loss {
  readonly name: string;
  readonly lose: (fake: FakeEngine) => void | Promise<void>;
  /** The engine is out of reach until the next step. */
  readonly lasts: boolean;
}

const losses: readonly Loss[] = [
  { name: "a cut", lasts: false, lose: (fake) => fake.cutEvents() },
  {
    name: "two cuts",
    lasts: false,
    lose: async (fake) => {
      fake.cutEvents();
      await turns(3);
      fake.cutEvents();
    },
  },
  {
    name: "a short outage",
    lasts: false,
    lose: async (fake) => {
      fake.outage();
      await turns(3);
      fake.restore();
    },
  },
  { name: "an outage", lasts: true, lose: (fake) => fake.outage() },
];

interface Pace {
  readonly name: string;
  /** Undefined: until all lines so far have come. */
  readonly turns: number | undefined;
}

const paces: readonly Pace[] = [
  { name: "at once", turns: 0 },
  { name: "a turn apart", turns: 1 },
  { name: "some turns apart", turns: 8 },
  { name: "each when all lines before it have come", turns: undefined },
];

interface Telling {
  readonly story: Story;
  /** Before this step the events are lost. */
  readonly at: number;
  readonly loss: Loss;
  readonly pace: Pace;
  readonly maxStreams: number;
}

async function expectAll({ story, at, loss, pace, maxStreams }: Telling): Promise<void> {
  await using fake = await FakeEngine.start();
  const containers: FakeContainer[] = [];
  /** At which step they were removed. */
  const removals = new Map<FakeContainer, number>();
  const stage = { fake, containers };
  story.before(stage);
  const pool = new StreamPool({
    engine: fake.engine,
    from: "start",
    maxStreams,
    timeSliceMs: 5,
    source: { ...eager, stallProbeMs: 20 },
  });
  const follower = new PoolFollower(pool);
  const isGone = (container: FakeContainer): boolean => removals.has(container);
  const isWhole = (container: FakeContainer): boolean =>
    follower.lines(container).length >= container.written.length;
  const where = `${loss.name} before step ${at}, ${maxStreams} streams`;
  const settled = (): Promise<void> =>
    follower.until(
      () => containers.every((container) => isGone(container) || isWhole(container)),
      `all lines, ${where}`,
    );
  try {
    await follower.until(() => follower.seen("engine").length > 0, "the engine");
    // Containers that do not run are looked at, which nothing tells.
    await turns(20);
    for (const [index, step] of story.steps.entries()) {
      fake.restore();
      if (index === at) await loss.lose(fake);
      step.act(stage);
      const container = containers.at(-1);
      if (container !== undefined && step === destroy) removals.set(container, index);
      const isOut = index === at && loss.lasts;
      if (pace.turns !== undefined) await turns(pace.turns);
      else if (!isOut) await settled();
    }
    fake.restore();
    if (at === story.steps.length) await loss.lose(fake);
    fake.restore();
    await follower.until(
      () => containers.every((container) => isGone(container) !== pool.sources.has(container.id)),
      `sources of those that are there, ${where}`,
    );
    await settled();
    // What comes now comes twice.
    await turns(10);
    for (const [index, container] of containers.entries()) {
      const removedAt = removals.get(container);
      const written = toLines(container.written);
      const lines = follower.lines(container);
      const { attached, ends } = statusesOf(follower, container);
      const isCut = removedAt !== undefined && !ends.includes("complete");
      const mayMiss = isCut && pace.turns !== undefined;
      // Until they are listened to again, which takes a while, what comes and goes is not seen.
      const isLost = pace.turns === 0 || (removedAt !== undefined && at <= removedAt + 1);
      const told = `container ${index}, ${where}: attached ${attached} times, ended ${ends.join()}`;
      expect([told, lines]).toEqual([told, mayMiss ? written.slice(0, lines.length) : written]);
      expect([told, attached <= 1, mayMiss || attached === 1]).toEqual([told, true, true]);
      // Where nothing was said of its end, nobody can have known of it.
      const mayBeUnknown = mayMiss && isLost;
      if (removedAt !== undefined && !mayBeUnknown) expect([told, ends.length]).toEqual([told, 1]);
    }
    expect(fake.open.maxFollowsOfOneContainer).toBeLessThanOrEqual(1);
    expect(fake.open.maxFollows).toBeLessThanOrEqual(maxStreams);
  } finally {
    fake.restore();
    await follower.end();
    await nothingOpen(fake);
  }
}

/** How often it was attached, and what was said of its end. */
function statusesOf(
  follower: PoolFollower,
  { id }: FakeContainer,
): { readonly attached: number; readonly ends: readonly string[] } {
  const ends: string[] = [];
  let attached = 0;
  for (const status of follower.statuses) {
    if (status.type === "engine" || status.container.id !== id) continue;
    if (status.type === "attached") attached++;
    if (status.type === "skipped") ends.push("skipped");
    if (status.type !== "detached") continue;
    const { reason } = status;
    ends.push(reason.kind === "removed" && reason.complete ? "complete" : reason.kind);
  }
  return { attached, ends };
}

describe.each(stories)("of $name", twoSizes, (story) => {
  it.each(paces)(
    "every line comes once, whenever the events are lost, where its steps come $name",
    async (pace) => {
      const tellings: Telling[] = [];
      for (const [index, loss] of losses.entries()) {
        for (let at = 0; at <= story.steps.length; at++) {
          // Of the kinds of loss a seventh at each step, over one stream and over some.
          if (sizes({ short: (index + at) % 7 > 0, long: false })) continue;
          tellings.push({ story, at, loss, pace, maxStreams: (index + at) % 2 === 0 ? 1 : 8 });
        }
      }
      await Promise.all(tellings.map(expectAll));
    },
  );
});
