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
  readonly phases: readonly string[];
  readonly lastLineAt?: number;
}

function judge({ status, streams, phases, lastLineAt, buffer = well }: Case): Verdict {
  const components = { "engine:default": well, streams, buffer };
  const health = { status, ready: true, components };
  return verdictOf(health, phases, lastLineAt, NOW);
}

const ill: ComponentHealth = {
  status: "degraded",
  detail: "web can't be followed for 9 s: no answer",
  since: NOW - 9_000,
};

describe("the page's first words", () => {
  it("say that all is well, and since when", () => {
    const streams = { ...well, since: NOW - 5_000 };
    const verdict = judge({ status: "healthy", streams, phases: ["streaming", "stopped"] });
    expect(verdict).toMatchObject({ tone: "healthy", since: NOW - 5_000 });
    expect(verdict.reason).toBe("2 containers are followed.");
  });

  it("say that capture stands still where no container is followed and nothing comes", () => {
    const verdict = judge({
      status: "degraded",
      streams: ill,
      phases: ["reconnecting", "opening", "stopped"],
      lastLineAt: NOW - 9_500,
    });
    expect(verdict).toEqual({
      tone: "still",
      headline: "Capture stands still",
      reason: "streams: web can't be followed for 9 s: no answer.",
      since: NOW - 9_000,
    });
  });

  it("say so of a pool that is unhealthy while nothing comes, whatever its streams do", () => {
    const streams: ComponentHealth = { ...ill, status: "unhealthy" };
    const still = judge({ status: "unhealthy", streams, phases: ["streaming"] });
    expect(still.tone).toBe("still");
    const flows = { status: "unhealthy", streams, phases: ["streaming"], lastLineAt: NOW } as const;
    expect(judge(flows).tone).toBe("unhealthy");
  });

  it("do not say so where others flow, or may be quiet", () => {
    const quiet = judge({
      status: "degraded",
      streams: ill,
      phases: ["reconnecting", "streaming"],
    });
    expect(quiet.tone).toBe("degraded");
  });

  it("say so where the buffer is ill because nobody takes anything", () => {
    const buffer = { ...ill, detail: "10 bytes wait since 30 s, and the consumer takes nothing" };
    const verdict = judge({ status: "degraded", streams: well, buffer, phases: ["streaming"] });
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
    const verdict = verdictOf({ status: "unhealthy", ready: true, components }, [], undefined, NOW);
    expect(verdict.reason).toBe("engine:default: away. And 1 more, see Health.");
    expect(verdict.since).toBe(NOW - 3_000);
  });

  it("show a detail's characters that may mislead", () => {
    const streams = { ...ill, detail: "\u202eevil\u0000" };
    const { reason } = judge({ status: "degraded", streams, phases: ["streaming"] });
    expect(reason).toBe("streams: \\u202eevil\\u0000.");
  });
});
