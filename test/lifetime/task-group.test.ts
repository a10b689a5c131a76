import { setTimeout as after } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { TaskGroup } from "../../src/index.ts";
import type { DockspoolError } from "../../src/index.ts";
import { failure, thrown, turns } from "../support/fake-follow.ts";

/** Ends when it is aborted. */
const obedient = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

/** Ends when told so, and at nothing else. */
function stubborn(): { task: () => Promise<void>; end: () => void } {
  let end = (): void => {};
  const promise = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { task: () => promise, end: () => end() };
}

describe("run()", () => {
  it("starts the task at once and gives its result, sync or async", async () => {
    const group = new TaskGroup();
    let started = false;
    const running = group.run("a", async () => {
      started = true;
      await turns();
      return 7;
    });
    expect(started).toBe(true);
    expect([group.size, group.names]).toEqual([1, ["a"]]);
    expect(await running).toBe(7);
    expect(await group.run("b", () => "now")).toBe("now");
    await group.settled();
    expect([group.size, group.names]).toEqual([0, []]);
  });

  it("rejects with what the task threw, sync or async, and the task is over", async () => {
    const group = new TaskGroup();
    const boom = new Error("boom");
    await expect(group.run("a", () => Promise.reject(boom))).rejects.toBe(boom);
    await expect(
      group.run("b", () => {
        throw boom;
      }),
    ).rejects.toBe(boom);
    await group.settled();
    expect(group.size).toBe(0);
  });

  it("causes no unhandled rejection where nobody looks at a task that fails", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const group = new TaskGroup();
      void group.run("fails", () => Promise.reject(new Error("nobody looks")));
      await group.settled();
      await after(5);
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  it("names tasks in the order of their start, equal names as often as they run", async () => {
    const group = new TaskGroup();
    for (const name of ["a", "b", "a"]) void group.run(name, obedient);
    expect(group.names).toEqual(["a", "b", "a"]);
    await group.close();
  });

  it("throws CLOSED once the group is closed, and does not start the task", async () => {
    const group = new TaskGroup("mine");
    await group.close();
    let started = false;
    const error = thrown(() => group.run("late", () => (started = true)), "CLOSED");
    expect(error.message).toContain("late");
    expect(error.message).toContain("mine");
    expect(started).toBe(false);
  });
});

describe("settled()", () => {
  it("resolves at once where nothing runs", async () => {
    await expect(new TaskGroup().settled()).resolves.toBeUndefined();
    await new TaskGroup().settled({ timeoutMs: 0 });
  });

  it("waits for every task, also those that started meanwhile, and aborts none", async () => {
    const group = new TaskGroup();
    const [first, second] = [stubborn(), stubborn()];
    void group.run("first", first.task);
    let isSettled = false;
    const settled = group.settled().then(() => (isSettled = true));
    void group.run("second", second.task);
    first.end();
    await turns(3);
    expect(isSettled).toBe(false);
    second.end();
    await settled;
    expect(group.signal.aborted).toBe(false);
  });

  it("rejects past the deadline with the names of those left; they end as they like", async () => {
    const group = new TaskGroup("pool");
    const [first, second] = [stubborn(), stubborn()];
    void group.run("first", first.task);
    void group.run("second", second.task);
    first.end();
    const error = await failure(group.settled({ timeoutMs: 5 }), "TASKS_STILL_RUNNING");
    expect(error.message).toContain("second");
    expect(error.message).not.toContain("first");
    expect(error.message).toContain("pool");
    second.end();
    await group.settled();
  });

  it("leaves no timer behind, met or missed", async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const group = new TaskGroup();
    const { task, end } = stubborn();
    void group.run("a", task);
    const waits = Array.from({ length: 5 }, () => group.settled({ timeoutMs: 2 ** 30 }));
    expect(timers()).toBe(before + 5);
    end();
    await Promise.all(waits);
    expect(timers()).toBe(before);
  });
});

describe("close()", () => {
  it("aborts the signal with the reason, waits, and may be called again", async () => {
    const group = new TaskGroup();
    const reasons: unknown[] = [];
    void group.run("a", async (signal) => {
      await obedient(signal);
      reasons.push(signal.reason);
    });
    await Promise.all([group.close({ reason: "enough" }), group.close({ reason: "other" })]);
    await group.close();
    expect(reasons).toEqual(["enough"]);
    expect(group.signal.reason).toBe("enough");
    expect(group.size).toBe(0);
  });

  it("without a reason aborts with CLOSED", async () => {
    const group = new TaskGroup();
    await group.close();
    thrown(() => group.signal.throwIfAborted(), "CLOSED");
  });

  it("past its deadline names the survivors, again at each call, until they have ended", async () => {
    const group = new TaskGroup();
    const { task, end } = stubborn();
    void group.run("deaf", task);
    void group.run("obedient", obedient);
    for (let call = 0; call < 2; call++) {
      const error = await failure(group.close({ timeoutMs: 5 }), "TASKS_STILL_RUNNING");
      expect(error.message).toContain("deaf");
      expect(error.message).not.toContain("obedient");
    }
    expect(group.names).toEqual(["deaf"]);
    end();
    await group.close();
  });

  it("inside a task of its own does not wait for ever", async () => {
    const group = new TaskGroup();
    const error = await group.run("suicidal", () =>
      failure(group.close({ timeoutMs: 5 }), "TASKS_STILL_RUNNING"),
    );
    expect(error.message).toContain("suicidal");
  });
});

describe("a wrong argument", () => {
  const wrong = [null, Number.NaN, -1, 1.5, Infinity, 2 ** 31, "5", 5n, Symbol("s"), {}];
  const shown = (error: DockspoolError, option: string): void => {
    expect(error.message).toContain(`"${option}"`);
  };

  it("is a time that is none: of settled(), and of close(), which then does not close", async () => {
    const group = new TaskGroup();
    void group.run("a", obedient);
    for (const timeoutMs of wrong) {
      const options = { timeoutMs: timeoutMs as never };
      shown(await failure(group.settled(options), "INVALID_OPTION"), "timeoutMs");
      shown(await failure(group.close(options), "INVALID_OPTION"), "timeoutMs");
    }
    const unknown = await failure(group.settled({ timeout: 5 } as never), "INVALID_OPTION");
    expect(unknown.message).toContain('did you mean "timeoutMs"?');
    for (const options of [null, 5, new Map()])
      await failure(group.close(options as never), "INVALID_OPTION");
    expect([group.signal.aborted, group.names]).toEqual([false, ["a"]]);
    await group.close();
  });

  it("is a name that is none, or a task that is none", () => {
    for (const name of ["", 5, null, Symbol("s"), {}] as never[]) {
      shown(
        thrown(() => new TaskGroup(name), "INVALID_OPTION"),
        "name",
      );
      shown(
        thrown(() => new TaskGroup().run(name, () => 1), "INVALID_OPTION"),
        "name",
      );
    }
    const group = new TaskGroup();
    shown(
      thrown(() => group.run("a", Promise.resolve() as never), "INVALID_OPTION"),
      "task",
    );
    expect(group.size).toBe(0);
  });
});
