import type { LineChart } from "../../bench/report.ts";
import type { Sample } from "./samples.ts";

const MB = 1_000_000;
/** Received is all that is written: the one line lies on the other. */
const WIDE = "written";

type Of = (sample: Sample, index: number) => number | undefined;

/** What a run's samples look like over time. `name`: how their files' names begin. */
export function chartsOf(name: string, samples: readonly Sample[]): LineChart[] {
  const chart = (
    part: string,
    title: string,
    unit: string,
    series: Readonly<Record<string, Of>>,
  ): LineChart => ({
    kind: "lines",
    name: `${name}-${part}`,
    title,
    unit,
    x: "minutes",
    series: Object.entries(series).map(([label, of]) => ({
      label,
      ...(label === WIDE ? { width: 6 } : {}),
      points: samples.flatMap((sample, index) => {
        const value = of(sample, index);
        return value === undefined ? [] : [[rounded(sample.minutes), rounded(value)] as const];
      }),
    })),
  });
  return [
    chart("lines", "Lines a minute", "", {
      [WIDE]: aMinute(samples, "linesIn"),
      received: aMinute(samples, "linesOut"),
    }),
    chart("open", "What is open in the process that follows", "", {
      tasks: ({ tasks }) => tasks,
      sockets: ({ sockets }) => sockets,
      descriptors: ({ descriptors }) => descriptors,
      listeners: ({ listeners }) => listeners,
      timers: ({ timers }) => timers,
    }),
    chart("memory", "Memory", "MB", {
      "heap after a collection": ({ heapBytes }) => heapBytes / MB,
      resident: ({ rssBytes }) => rssBytes / MB,
      "the engine, resident": ({ engineRssBytes }) => engineRssBytes / MB,
    }),
    chart("engine", "What is open at the engine", "", {
      goroutines: ({ engineGoroutines }) => engineGoroutines,
      descriptors: ({ engineDescriptors }) => engineDescriptors,
    }),
  ];
}

function aMinute(samples: readonly Sample[], name: "linesIn" | "linesOut"): Of {
  return (sample, index) => {
    const before = samples[index - 1];
    if (before === undefined) return undefined;
    return (sample[name] - before[name]) / (sample.minutes - before.minutes);
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
