import { setMaxListeners } from "node:events";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";

import { expect, test } from "vitest";

import { chosenRead } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { pause } from "../support/pause.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import { rotateAndLook } from "../support/rotation-leaks.ts";
import { sizes, twoSizes } from "../support/size.ts";

const readsFiles = chosenRead().read !== undefined;
/** About a thousand lines a second on two streams. */
const STEADY =
  `(i=0; while :; do echo error $i; i=$((i+1)); ${pause(5)}; done) >&2 & ` +
  `i=0; while :; do echo line $i; i=$((i+1)); ${pause(1)}; done`;

describeWithEngine("hundreds of rotations of a container that writes all the while", (engine) => {
  const rotations = sizes({ short: 120, long: 300 });

  test("leave nothing behind, here and at the engine, and lose no line", twoSizes, async () => {
    const outcome = await rotateAndLook(`${rotations} rotations`, engine, {
      rotations,
      script: STEADY,
      deadlineMs: 20_000,
    });
    expect(outcome.completed).toBe(rotations);
    expect(outcome.withLines).toBe(rotations);
    expect(outcome.comparison).toEqual(noDifference);
    expect(outcome.grown).toEqual([]);
    expect(outcome.grownAtEnd).toEqual([]);
    // Of files a plain read shows whose they are.
    const maxFollows = readsFiles ? 0 : 1;
    expect(outcome.readers).toMatchObject({ maxFollows, maxReaders: 1, follows: 0, reads: 0 });
  });
});

describeWithEngine("a leak put in on purpose", (engine) => {
  test("is found: a follow kept open by each rotation", async () => {
    const kept: IncomingMessage[] = [];
    const outcome = await rotateAndLook("a follow leaked by each rotation", engine, {
      rotations: 20,
      script: STEADY,
      deadlineMs: 1_000,
      afterRotation: async (id) => {
        kept.push(await openFollow(engine.socketPath, id));
      },
      cleanUp: async () => {
        for (const response of kept) response.destroy();
      },
    });
    // The capture itself is all right, so that counting lines alone would not have shown it.
    expect(outcome.comparison).toEqual(noDifference);
    const names = outcome.grown.map((text) => text.replace(/ \d+ -> \d+$/, ""));
    expect(names).toEqual(
      expect.arrayContaining(["descriptors", "engine descriptors", "engine goroutines"]),
    );
    // And gone when it is: the growth was that of the leak.
    expect(outcome.grownAtEnd).toEqual([]);
  });

  test("is found: a timer and a listener left by each rotation", async () => {
    const timers: NodeJS.Timeout[] = [];
    const listen = new AbortController();
    const outcome = await rotateAndLook("a timer and a listener leaked", engine, {
      rotations: 20,
      script: STEADY,
      deadlineMs: 1_000,
      afterRotation: async (_id, signal) => {
        setMaxListeners(0, signal, listen.signal);
        timers.push(setInterval(() => {}, 60_000));
        // Its own signal takes the listener away again below.
        signal.addEventListener("abort", () => {}, { signal: listen.signal });
      },
      cleanUp: async () => {
        for (const timer of timers) clearInterval(timer);
        listen.abort();
      },
    });
    const names = outcome.grown.map((text) => text.replace(/ \d+ -> \d+$/, ""));
    expect(names).toEqual(["listeners of the signal", "Timeout"]);
    expect(outcome.grownAtEnd).toEqual([]);
  });
});

function openFollow(socketPath: string, id: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const path = `/containers/${id}/logs?follow=1&stdout=1&tail=1`;
    const call = request({ socketPath, path, agent: false }, (response) => {
      response.resume();
      response.on("error", () => {});
      resolve(response);
    });
    call.once("error", reject);
    call.end();
  });
}
