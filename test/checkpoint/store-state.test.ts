import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CheckpointKeeper } from "../../src/checkpoint/keeper.ts";
import { nextState, UNUSED } from "../../src/checkpoint/store-state.ts";
import type { StoreCall, StoreEvent, StoreState } from "../../src/checkpoint/store-state.ts";
import { DockspoolError, MemoryCheckpointStore } from "../../src/index.ts";
import { Counter, ScriptedStore } from "../support/checkpoint-keeper.ts";
import { eventually, failure } from "../support/fake-follow.ts";

const { signal } = new AbortController();
const error = new DockspoolError("CHECKPOINT_UNREADABLE", "no connection", { transient: true });

function call(method: StoreCall["method"], since = 0): StoreCall {
  return { method, key: undefined, since };
}

function after(...events: readonly (readonly [number, StoreEvent])[]): StoreState {
  let state = UNUSED;
  for (const [at, event] of events) state = nextState(state, event, at);
  return state;
}

describe("the state of a store", () => {
  it("is unused until it answers, and then working since its first answer", () => {
    const [load, save] = [call("load"), call("save")];
    expect(after()).toEqual({ type: "unused", calls: [] });
    expect(after([1, { type: "asked", call: load }])).toEqual({ type: "unused", calls: [load] });
    const working = after(
      [1, { type: "asked", call: load }],
      [2, { type: "asked", call: save }],
      [3, { type: "answered", call: load }],
      [7, { type: "answered", call: save }],
    );
    expect(working).toEqual({ type: "working", since: 3, at: 7, calls: [] });
  });

  it("is failing from the first of several failures, with the last one's error, until that side works", () => {
    const [load, again, save] = [call("load"), call("load"), call("save")];
    const events = [
      [1, { type: "answered", call: save }],
      [2, { type: "failed", call: load, error: new DockspoolError("CLOSED", "first") }],
      [3, { type: "failed", call: again, error }],
      [4, { type: "answered", call: save }],
    ] as const;
    expect(after(...events)).toEqual({
      type: "failing",
      failures: [{ side: "read", since: 2, attempts: 2, lastAt: 3, error }],
      calls: [],
    });
    expect(after(...events, [5, { type: "answered", call: call("keys") }])).toEqual({
      type: "working",
      since: 5,
      at: 5,
      calls: [],
    });
  });

  it("keeps the failure of one side while the other fails, and comes back, as well", () => {
    const events = [
      [1, { type: "failed", call: call("save"), error }],
      [2, { type: "failed", call: call("load"), error }],
      [3, { type: "failed", call: call("delete"), error }],
    ] as const;
    const both = after(...events);
    expect(both).toMatchObject({
      type: "failing",
      failures: [
        { side: "write", since: 1, attempts: 2 },
        { side: "read", since: 2, attempts: 1 },
      ],
    });
    expect(after(...events, [4, { type: "answered", call: call("save") }])).toMatchObject({
      type: "failing",
      failures: [{ side: "read", since: 2 }],
    });
  });

  it("says nothing of a call that nobody waits for any more", () => {
    const load = call("load");
    const events = [
      [1, { type: "asked", call: load }],
      [2, { type: "left", call: load }],
    ] as const;
    expect(after(...events)).toEqual(UNUSED);
  });

  it("has those calls that are under way, the oldest first, whatever happens to others", () => {
    const kinds = ["answered", "failed", "left"] as const;
    const methods = ["load", "keys", "save", "delete"] as const;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...methods), fc.nat(), fc.constantFrom("ask", ...kinds))),
        (steps) => {
          let state = UNUSED;
          const open: StoreCall[] = [];
          for (const [at, [method, which, what]] of steps.entries()) {
            const [asked] = what === "ask" ? [] : open.splice(which % (open.length || 1), 1);
            if (asked === undefined) {
              open.push(call(method, at));
              state = nextState(state, { type: "asked", call: open.at(-1) ?? call(method) }, at);
            } else {
              const type = what === "ask" ? "left" : what;
              state = nextState(state, { type, call: asked, error }, at);
            }
            expect(state.calls).toEqual(open);
          }
        },
      ),
    );
  });
});

describe("a keeper tells the state of its store", () => {
  it("from unused through failing to working", async () => {
    const store = new ScriptedStore();
    const keeper = new CheckpointKeeper(store);
    expect(keeper.state.type).toBe("unused");
    store.fails = "load";
    await failure(keeper.load("e/web", signal), "CHECKPOINT_UNREADABLE");
    expect(keeper.state).toMatchObject({ type: "failing", failures: [{ side: "read" }] });
    store.fails = undefined;
    expect(await keeper.load("e/web", signal)).toBeUndefined();
    expect(keeper.state).toMatchObject({ type: "working", calls: [] });
    store.fails = "save";
    new Counter(keeper, "e/web", 0).move();
    await keeper.save();
    expect(keeper.state).toMatchObject({ type: "failing", failures: [{ side: "write" }] });
    keeper.close();
  });

  it("with the call that has not been answered, its key, and since when", async () => {
    const store = new MemoryCheckpointStore();
    let answer = (): void => {};
    store.load = () =>
      new Promise((resolve) => {
        answer = () => resolve(undefined);
      });
    const keeper = new CheckpointKeeper(store);
    const begun = Date.now();
    const loading = keeper.load("e/web", signal);
    await eventually(() => keeper.state.calls.length === 1);
    const [waiting] = keeper.state.calls;
    expect(waiting).toMatchObject({ method: "load", key: "e/web" });
    expect(waiting?.since).toBeGreaterThanOrEqual(begun);
    answer();
    await loading;
    expect(keeper.state).toMatchObject({ type: "working", calls: [] });
  });

  it("and takes an answer that is no object for damaged", async () => {
    for (const answer of ["text", 7, [], true]) {
      const store = new MemoryCheckpointStore();
      // As a program in JavaScript may.
      Reflect.set(store, "load", async () => answer);
      const damaged = await failure(
        new CheckpointKeeper(store).load("e/web", signal),
        "CHECKPOINT_UNREADABLE",
      );
      expect(damaged.transient).toBe(false);
    }
    const none = new MemoryCheckpointStore();
    Reflect.set(none, "load", async () => null);
    expect(await new CheckpointKeeper(none).load("e/web", signal)).toBeUndefined();
  });
});
