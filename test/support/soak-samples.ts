import type { Begin, End, Sample } from "../../scripts/soak/samples.ts";

export const begin: Begin = {
  type: "begin",
  at: "2026-11-28T10:00:00.000Z",
  options: {
    containers: 50,
    minutes: 40,
    rotations: 14_400,
    sampleEveryMs: 30_000,
    restartEveryMs: 30_000,
    pace: 1,
  },
  versions: { engine: "28.5.2", node: "20.20.2", kernel: "6.1", cores: 2 },
  kinds: { chatty: 50, quiet: 0, terminal: 0, restarting: 0, "long lines": 0 },
};

/** One each half minute, in which all is as it was but for what is written, and for what `change` says. */
export function soakSamples(
  count: number,
  change: (index: number) => Partial<Sample> = () => ({}),
): Sample[] {
  return Array.from({ length: count }, (_, index) => ({
    type: "sample",
    at: new Date(Date.parse(begin.at) + index * 30_000).toISOString(),
    minutes: index / 2,
    tasks: 101,
    sockets: 51,
    descriptors: 73,
    listeners: 61,
    timers: 52,
    handles: 55,
    heapBytes: 16_000_000,
    rssBytes: 120_000_000,
    engineGoroutines: 480,
    engineDescriptors: 426,
    engineRssBytes: 100_000_000,
    rotations: index * 200,
    reconnects: 0,
    gaps: 0,
    restarts: index,
    linesIn: index * 10_000,
    linesOut: index * 10_000,
    cpuSeconds: index,
    engineCpuSeconds: index,
    late: [],
    bufferedBytes: 0,
    load: 1,
    ...change(index),
  }));
}

export const end: End = {
  type: "end",
  at: "2026-11-28T10:40:00.000Z",
  minutes: 40,
  isEarly: false,
  rotations: 14_400,
  failedRotations: 0,
  restarts: 80,
  kinds: [
    {
      kind: "chatty",
      containers: 50,
      written: 790_000,
      received: 790_000,
      lost: 0,
      repeated: 0,
      foreign: 0,
      reordered: 0,
    },
  ],
  firstDifference: undefined,
  left: [],
};
