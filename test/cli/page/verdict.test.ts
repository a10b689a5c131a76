import { describe, expect, it } from "vitest";
import type { ComponentHealth, Health } from "../../../src/index.ts";
import type { Verdict } from "../../../src/cli/page/messages.ts";
import { verdictOf } from "../../../src/cli/page/verdict.ts";

const NOW = 1_000_000;
const well: ComponentHealth = { status: "healthy", detail: "connected", since: NOW - 60_000 };

interface Case {
  readonly status: Health["status"];
  readonly streams: ComponentHealth;
  readonly buffer?: ComponentHealth;
  readonly containers?: number;
  readonly lastLineAt?: number;
}

function judge({ status, streams, containers = 1, lastLineAt, buffer = well }: Case): Verdict {
  const components = { "engine:default": well, streams, buffer };
  const health = { status, ready: true, components };
  return verdictOf(health, containers, lastLineAt, NOW);
}

const ill: ComponentHealth = {
  status: "degraded",
  detail: "web can't be followed for 9 s: no answer",
  since: NOW - 9_000,
};

describe("the page's first words", () => {
  it("say that all is well, and since when", () => {
    const streams = { ...well, since: NOW - 5_000 };
    const verdict = judge({ status: "healthy", streams, containers: 2 });
    expect(verdict).toMatchObject({ tone: "healthy", since: NOW - 5_000 });
    expect(verdict.reason).toBe("2 containers are followed.");
  });

  it("say that capture stands still where nothing comes of any container", () => {
    const verdict = judge({
      status: "unhealthy",
      streams: { ...ill, status: "unhealthy" },
      lastLineAt: NOW - 9_500,
    });
    expect(verdict).toEqual({
      tone: "still",
      headline: "Capture stands still",
      reason: "streams: web can't be followed for 9 s: no answer.",
      since: NOW - 9_000,
    });
  });

  it("do not say so of a pool that is unhealthy while lines come", () => {
    const streams: ComponentHealth = { ...ill, status: "unhealthy" };
    const still = judge({ status: "unhealthy", streams });
    expect(still.tone).toBe("still");
    const flows = judge({ status: "unhealthy", streams, lastLineAt: NOW });
    expect(flows.tone).toBe("unhealthy");
  });

  it("do not say so where others flow, or may be quiet", () => {
    const quiet = judge({ status: "degraded", streams: ill, containers: 2 });
    expect(quiet.tone).toBe("degraded");
  });

  it("say so where the buffer is ill because nobody takes anything", () => {
    const buffer = { ...ill, detail: "10 bytes wait since 30 s, and the consumer takes nothing" };
    const verdict = judge({ status: "degraded", streams: well, buffer });
    expect(verdict.tone).toBe("still");
    expect(verdict.reason).toContain("buffer: 10 bytes wait");
  });

  it("name the worst component first, and how many more there are", () => {
    const components = {
      "engine:default": {
        ...ill,
        status: "unhealthy" as const,
        detail: "away",
        since: NOW - 3_000,
      },
      streams: ill,
    };
    const verdict = verdictOf({ status: "unhealthy", ready: true, components }, 1, undefined, NOW);
    expect(verdict.reason).toBe("engine:default: away. And 1 more, see Health.");
    expect(verdict.since).toBe(NOW - 3_000);
  });

  it("name what the streams wait for before them, and of others the older one", () => {
    const bad = (detail: string, since: number): ComponentHealth => ({
      status: "unhealthy",
      detail,
      since,
    });
    const components = {
      "engine:east": bad("away", NOW - 3_000),
      "engine:west": bad("away, too", NOW - 4_000),
      streams: bad("web can't be followed", NOW - 9_000),
      checkpoints: { ...ill, since: NOW - 10_000 },
    };
    const verdict = verdictOf({ status: "unhealthy", ready: true, components }, 1, undefined, NOW);
    expect(verdict.reason).toBe("engine:west: away, too. And 3 more, see Health.");
    const { streams, checkpoints } = components;
    const without = {
      status: "unhealthy" as const,
      ready: true,
      components: { checkpoints, streams },
    };
    expect(verdictOf(without, 1, undefined, NOW).reason).toBe(
      "streams: web can't be followed. And 1 more, see Health.",
    );
  });

  it("show a detail's characters that may mislead", () => {
    const streams = { ...ill, detail: "\u202eevil\u0000" };
    const { reason } = judge({ status: "degraded", streams });
    expect(reason).toBe("streams: \\u202eevil\\u0000.");
  });
});
