import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isCreatedSince, parseNote, toNote } from "../../src/checkpoint/engine-note.ts";
import type { EngineNote } from "../../src/checkpoint/engine-note.ts";
import { thrown } from "../support/fake-follow.ts";

const NOW = Date.parse("2026-05-04T12:00:00Z");
const HOUR = 3_600_000;

const id = fc.stringMatching(/^[0-9a-f]{64}$/);
/** Of a machine whose clock was never set, was stepped, or is right. */
const time = fc.oneof(
  fc.integer({ min: 0, max: HOUR }),
  fc.integer({ min: NOW - 100 * HOUR, max: NOW + 100 * HOUR }),
  fc.constant(NOW),
);

function saved(seenAt: number, known: readonly string[] | undefined): EngineNote {
  return parseNote("e", JSON.parse(JSON.stringify(toNote(seenAt, known))));
}

describe("a container counts as created since a note", () => {
  it("where it was not known then, whatever any clock says", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(id, { selector: (one) => one.slice(0, 12), minLength: 1 }),
        fc.nat(),
        time,
        time,
        time,
        (ids, split, seenAt, createdAt, now) => {
          const known = ids.slice(0, split % (ids.length + 1));
          const note = saved(seenAt, known);
          for (const one of ids)
            expect(isCreatedSince(note, one, createdAt, now)).toBe(!known.includes(one));
        },
      ),
    );
  });

  it("by its time where none were looked for, unless the note lies ahead of the engine's clock", () => {
    fc.assert(
      fc.property(id, time, time, time, (one, seenAt, createdAt, now) => {
        const isNew = isCreatedSince(saved(seenAt, undefined), one, createdAt, now);
        if (createdAt > seenAt) expect(isNew).toBe(true);
        if (seenAt > now + HOUR) expect(isNew).toBe(true);
        if (seenAt <= now && createdAt < seenAt - HOUR) expect(isNew).toBe(false);
      }),
    );
  });

  it("never where an earlier release has noted it as one that is not followed", () => {
    const one = "a".repeat(64);
    const note = parseNote("e", {
      version: 1,
      seenAt: new Date(NOW).toISOString(),
      unfollowed: [one],
    });
    expect(isCreatedSince(note, one, NOW + HOUR, NOW)).toBe(false);
    expect(isCreatedSince(note, "b".repeat(64), NOW + HOUR, NOW)).toBe(true);
    expect(isCreatedSince(note, "b".repeat(64), NOW - HOUR, NOW)).toBe(false);
  });
});

describe("pools of one machine whose clock jumps", () => {
  /** What a machine and the pools on it go through. */
  const happenings = fc.array(
    fc.oneof(
      fc.record({ what: fc.constant("create" as const) }),
      fc.record({ what: fc.constant("remove" as const), which: fc.nat() }),
      fc.record({ what: fc.constant("jump" as const), to: time }),
      fc.record({ what: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: HOUR }) }),
      /** One looks, deals with all that there is, and is gone. */
      fc.record({ what: fc.constant("pool" as const) }),
    ),
    { maxLength: 40 },
  );

  it("see each container as new once: the first of them after it was created", () => {
    fc.assert(
      fc.property(happenings, (all) => {
        let clock = NOW;
        let made = 0;
        let note: EngineNote | undefined;
        const there = new Map<string, { readonly createdAt: number; isSeen: boolean }>();
        for (const happening of all) {
          switch (happening.what) {
            case "create":
              there.set((made++).toString(16).padStart(12, "0").padEnd(64, "f"), {
                createdAt: clock,
                isSeen: false,
              });
              break;
            case "remove": {
              const ids = [...there.keys()];
              there.delete(ids[happening.which % ids.length] ?? "");
              break;
            }
            case "jump":
              clock = happening.to;
              break;
            case "pass":
              clock += happening.ms;
              break;
            default:
              for (const [one, container] of there) {
                if (note !== undefined)
                  expect(isCreatedSince(note, one, container.createdAt, clock)).toBe(
                    !container.isSeen,
                  );
                container.isSeen = true;
              }
              note = saved(clock, [...there.keys()]);
          }
        }
      }),
    );
  });
});

describe("a note", () => {
  it("takes little room for many containers", () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => index.toString(16).padStart(64, "0"));
    expect(JSON.stringify(toNote(NOW, ids)).length).toBeLessThan(200_000);
  });

  it("is refused where it is damaged or of a later version", () => {
    const seenAt = new Date(NOW).toISOString();
    const damaged = [
      {},
      { version: 2, seenAt, known: [] },
      { version: 1, known: [] },
      { version: 1, seenAt: "?", known: [] },
      { version: 1, seenAt, known: "all" },
      { version: 1, seenAt },
      { version: 1, seenAt, unfollowed: 7 },
    ];
    for (const note of damaged)
      expect(thrown(() => parseNote("engine", note), "CHECKPOINT_UNREADABLE").message).toMatch(
        "engine",
      );
  });
});

it.each([[{ toString: 1 }], [[["a"]]], [1]])("a note with an id that is %j is refused", (odd) => {
  const note = { version: 1, seenAt: new Date(NOW).toISOString() };
  for (const ids of [{ known: [odd] }, { unfollowed: [odd] }])
    thrown(() => parseNote("e", { ...note, ...ids }), "CHECKPOINT_UNREADABLE");
});
