import { beforeEach, describe, expect, it } from "vitest";
import { Trust } from "../../src/stream/trust.ts";
import type { Entry } from "../../src/wire/entry.ts";

const FILE_BYTES = 20_000;
const BEGUN = Date.parse("2026-11-24T00:00:00Z");
const docker20 = {
  maxFileBytes: FILE_BYTES,
  mayLeaveOutFile: true,
  repeatsTimestamps: false,
};

/** An entry that is stamped so many milliseconds behind the beginning. */
function entry(ms: number): Entry {
  const timestamp = new Date(BEGUN + ms).toISOString();
  return { stream: "stdout", timestamp, text: Buffer.alloc(110), ended: true };
}

function steady(from: number, to: number, everyMs = 10): Entry[] {
  return Array.from({ length: (to - from) / everyMs }, (_, index) => entry(from + index * everyMs));
}

function open(trust: Trust, ms: number): void {
  trust.begin();
  trust.opened(BEGUN + ms, BEGUN + ms);
}

describe("a follow of a log whose files last a second", () => {
  let trust: Trust;
  beforeEach(() => {
    // 200 bytes in 10 ms: a file of 20,000 is full after a second.
    trust = new Trust(docker20);
    for (let ms = 0; ms < 1_000; ms += 100) trust.took(steady(ms, ms + 100));
    open(trust, 1_000);
  });

  it("is doubted where a file is missing behind its opening", () => {
    trust.pass(steady(0, 900), 90);
    expect(trust.believed([entry(1_900), entry(1_910)], 0)).toBe(0);
  });

  it("is doubted from that line on, also where it came with others", () => {
    expect(trust.believed([...steady(800, 900), entry(1_900), entry(1_910)], 0)).toBe(10);
    open(trust, 1_000);
    expect(trust.believed([...steady(800, 900), entry(1_900), entry(1_910)], 5)).toBe(10);
  });

  it("is believed where it goes on in time, and from then on", () => {
    expect(trust.believed(steady(500, 1_200), 0)).toBe(70);
    expect(trust.believed([entry(9_000)], 0)).toBe(1);
    open(trust, 9_500);
    expect(trust.believed([entry(9_000), entry(12_000)], 0)).toBe(1);
  });

  it("is not doubted for pauses of the past, which its tail shows", () => {
    const entries = [entry(-60_000), entry(-30_000), ...steady(0, 990)];
    expect(trust.believed(entries, 0)).toBe(101);
  });

  it("is doubted less and less for pauses in which a reread shows nothing", () => {
    let doubts = 0;
    for (let ms = 2_000; ms < 60_000; ms += 1_000) {
      open(trust, ms - 500);
      trust.pass([entry(ms - 1_000)], 1);
      if (trust.believed([entry(ms)], 0) === 0) doubts++;
      trust.took([entry(ms)]);
    }
    expect(doubts).toBeLessThan(4);
  });

  it("is doubted where it jumps back, and not for what its tail shows", () => {
    expect(trust.believed([...steady(0, 100), ...steady(50, 200)], 0)).toBe(10);
    open(trust, 1_000);
    const tail = [...steady(500, 900), ...steady(100, 200)];
    trust.pass(tail, tail.length);
    expect(trust.believed(steady(200, 300), 0)).toBe(10);
  });

  describe("with a long line in parts", () => {
    const part = (letter: string, ended = false): Entry => ({
      ...entry(1_000),
      text: Buffer.alloc(16_384, letter),
      ended,
    });

    it("is doubted where a part comes twice", () => {
      const line = [part("a"), part("b"), part("b"), part("c", true)];
      expect(trust.believed(line, 0)).toBe(2);
      open(trust, 1_000);
      trust.pass(line, 2);
      expect(trust.believed([part("b"), part("c", true)], 0)).toBe(0);
      open(trust, 1_000);
      trust.pass(line, 2);
      expect(trust.believed([part("c", true)], 0)).toBe(1);
    });

    it("is believed where the parts differ, or the line ends, or it is another line's", () => {
      const whole = [part("a"), part("b"), part("a"), part("a", true)];
      const next = { ...part("a"), timestamp: entry(1_001).timestamp };
      const error: Entry = { ...part("a"), stream: "stderr" };
      expect(trust.believed([...whole, next, error], 0)).toBe(6);
    });

    it("is believed in the end, where a reread shows that part twice as well", () => {
      const believed = Array.from({ length: 4 }, () => {
        open(trust, 1_000);
        trust.pass([part("a")], 1);
        return trust.believed([part("a"), part("c", true)], 0);
      });
      expect(believed).toEqual([0, 0, 0, 2]);
    });

    it("is believed to its end where a reread shows that its parts are the same", () => {
      expect(trust.believed([part("a"), part("a"), part("a")], 0)).toBe(1);
      trust.took([part("a")]);
      trust.beginPlainRead();
      trust.pass([part("a")], 1);
      for (let doubt = 1; doubt <= 3; doubt++) {
        expect(trust.believed([part("a")], 0)).toBe(0);
        trust.beginPlainRead();
        trust.pass([part("a")], 1);
      }
      expect(trust.believed([part("a")], 0)).toBe(1);
      trust.took([part("a")]);
      const rest = Array.from({ length: 300 }, () => part("a"));
      for (const one of rest) expect(trust.believed([one], 0)).toBe(1);
      const next = { ...part("a"), timestamp: entry(1_001).timestamp };
      expect(trust.believed([next, next], 0)).toBe(1);
    });
  });

  it("is believed in the end, where doubts lead to nothing", () => {
    const follow = (): number => {
      open(trust, 1_000);
      trust.pass([entry(500)], 1);
      return trust.believed([entry(400), entry(410)], 0);
    };
    const believed = Array.from({ length: 6 }, follow);
    expect(believed).toEqual([0, 0, 0, 2, 2, 2]);
  });

  it("is doubted behind a hole within one piece, where the reader was behind by a file", () => {
    expect(trust.mayBeOvertaken([entry(1_000)], 0, BEGUN + 1_010)).toBe(false);
    const piece = [...steady(1_010, 1_200), ...steady(1_900, 2_000)];
    expect(trust.believed(piece, 0, BEGUN + 2_010)).toBe(19);
  });

  it("is believed where one piece holds a pause, and the reader was not behind", () => {
    expect(trust.mayBeOvertaken([entry(1_000)], 0, BEGUN + 1_010)).toBe(false);
    const piece = [...steady(1_010, 1_200), ...steady(1_400, 1_500)];
    expect(trust.believed(piece, 0, BEGUN + 1_510)).toBe(29);
  });

  it("may be overtaken where it lags by much of a file, and not for a clock that was set", () => {
    const follow = (stampedMs: number, atMs: number): boolean => {
      open(trust, atMs);
      return trust.mayBeOvertaken([entry(stampedMs)], 0, BEGUN + atMs);
    };
    expect(follow(1_000, 1_010)).toBe(false);
    expect(follow(1_100, 1_900)).toBe(true);
    expect(follow(2_000, 2_010)).toBe(false);
    const hourMs = 3_600_000;
    const verdicts = Array.from({ length: 10 }, (_, index) =>
      follow(3_000 + index * 100 - hourMs, 3_010 + index * 100),
    );
    expect(verdicts.filter(Boolean).length).toBeLessThan(3);
  });
});

describe("a follow of a log that may fill a file within milliseconds", () => {
  /** 200 bytes each 10 µs: half a file is full after half a millisecond. */
  const burst = (fromMs: number, lines: number): Entry[] =>
    Array.from({ length: lines }, (_, index) => at(fromMs + index / 100));
  const at = (ms: number): Entry => {
    const fraction = String(Math.round((ms % 1) * 1e6)).padStart(6, "0");
    const timestamp = new Date(BEGUN + Math.floor(ms)).toISOString().replace("Z", `${fraction}Z`);
    return { ...entry(0), timestamp };
  };
  const docker28 = { ...docker20, mayLeaveOutFile: false };
  let trust: Trust;
  const takes = (entries: Entry[]): number => {
    const to = trust.believed(entries, 0);
    trust.took(entries.slice(0, to));
    trust.mayBeOvertaken(entries.slice(0, to), 0);
    return to;
  };
  const rereads = (entries: Entry[]): void => {
    trust.beginPlainRead();
    trust.took(entries);
    open(trust, 0);
  };
  beforeEach(() => {
    trust = new Trust(docker28);
    open(trust, 0);
    takes(burst(0, 100));
  });

  it("is doubted behind a pause in which a file may have been filled, whether that comes in one piece or not", () => {
    expect(takes([...burst(1, 50), ...burst(2.2, 50)])).toBe(50);
    rereads(burst(1.5, 70));
    expect(takes(burst(3.1, 50))).toBe(0);
    rereads(burst(2.2, 100));
    expect(takes(burst(3.2, 50))).toBe(50);
  });

  it("is doubted no more for some milliseconds where nothing was missing", () => {
    expect(takes(burst(2, 50))).toBe(0);
    rereads(burst(2, 50));
    expect(takes(burst(4, 50))).toBe(50);
    expect(takes(burst(40, 50))).toBe(0);
  });

  it("is believed behind a pause in which the log was idle", () => {
    expect(takes(burst(102, 50))).toBe(50);
  });

  it("is believed once the burst is a minute ago, however few lines come", () => {
    let doubts = 0;
    for (let ms = 50; ms < 600_000; ms += 50) {
      if (takes([at(ms)]) === 1) continue;
      doubts++;
      expect(ms).toBeLessThan(60_000);
      rereads([at(ms)]);
    }
    expect(doubts).toBeGreaterThan(0);
  });
});

it("a log of long lines fills no file in a pause", () => {
  const trust = new Trust({ ...docker20, mayLeaveOutFile: false });
  const long = (ms: number): Entry => ({ ...entry(ms), text: Buffer.alloc(4_000) });
  open(trust, 0);
  for (let ms = 0; ms < 60_000; ms += 1_000) {
    expect(trust.believed([long(ms)], 0, BEGUN + ms)).toBe(1);
    trust.took([long(ms)]);
  }
});

it("a first follow is doubted where a file is missing behind what was there when it was opened", () => {
  const trust = new Trust(docker20);
  open(trust, 1_000);
  const there = steady(0, 1_000);
  expect(trust.believed(there, 0)).toBe(there.length);
  trust.took(there);
  expect(trust.believed([entry(1_900), entry(1_910)], 0)).toBe(0);
});

it("a log that is hardly written fills no file in a pause", () => {
  const trust = new Trust(docker20);
  for (let ms = 0; ms < 60_000; ms += 5_000) trust.took([entry(ms)]);
  open(trust, 60_000);
  expect(trust.believed([entry(55_000), entry(75_000)], 0)).toBe(2);
});

it("lines that follow each other may have one timestamp where the engine stamps seconds", () => {
  const trust = new Trust({ ...docker20, mayLeaveOutFile: false, repeatsTimestamps: true });
  open(trust, 0);
  expect(trust.believed([entry(1_000), entry(1_000), entry(1_000)], 0)).toBe(3);
  expect(trust.believed([entry(1_000), entry(0)], 0)).toBe(1);
});

it("a log that is never rotated is believed", () => {
  const trust = new Trust({ ...docker20, maxFileBytes: undefined });
  open(trust, 0);
  expect(trust.believed([entry(1_000), entry(0)], 0)).toBe(2);
  expect(trust.mayBeOvertaken([entry(0)], 0, BEGUN + 1e9)).toBe(false);
});
