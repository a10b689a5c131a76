import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MockInstance } from "vitest";
import { StatusEmitter, tellStatus } from "../../src/lifetime/listeners.ts";
import { turns } from "../support/fake-follow.ts";
import { thrownValues } from "../support/thrown-values.ts";

type Status = { type: "opened"; generation: number } | { type: "gap"; after: string };
const opened = { type: "opened", generation: 1 } as const;

let emitted: MockInstance<typeof process.emitWarning>;
beforeEach(() => {
  emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

function expectWarnings(...warnings: readonly unknown[]): void {
  const expected = warnings.map((warning) => [warning, "DockspoolListenerWarning"]);
  expect(emitted.mock.calls).toEqual(expected);
}

describe("a status", () => {
  it("is told as `status` and by its own name, to each listener once", () => {
    const emitter = new StatusEmitter<Status>();
    const heard: string[] = [];
    emitter.on("status", ({ type }) => heard.push(`status ${type}`));
    emitter.on("opened", ({ generation }) => heard.push(`opened ${generation}`));
    emitter.addListener("gap", ({ after }) => heard.push(`gap ${after}`));
    emitter.once("opened", () => heard.push("once"));
    tellStatus(emitter, opened);
    tellStatus(emitter, opened);
    tellStatus(emitter, { type: "gap", after: "a" });
    expect(heard).toEqual([
      "status opened",
      "opened 1",
      "once",
      "status opened",
      "opened 1",
      "status gap",
      "gap a",
    ]);
  });

  it("reaches its listener with the context that was given", () => {
    const emitter = new StatusEmitter<Status>();
    const context = { calls: 0 };
    const listener = function (this: unknown): void {
      expect(this).toBe(context);
      context.calls++;
    };
    emitter.on("opened", listener, context).once("status", listener, context);
    tellStatus(emitter, opened);
    expect(context.calls).toBe(2);
  });
});

describe("a listener", () => {
  it("is taken off by the function that was given, however it was put on", () => {
    const emitter = new StatusEmitter<Status>();
    const listener = vi.fn<() => void>();
    for (const on of ["on", "addListener", "once"] as const)
      for (const off of ["off", "removeListener"] as const) {
        emitter[on]("opened", listener);
        expect(emitter.listenerCount("opened")).toBe(1);
        emitter[off]("opened", listener);
        expect(emitter.eventNames()).toEqual([]);
      }
    emitter.on("gap", listener).on("gap", () => {});
    emitter.off("gap");
    emitter.on("opened", listener).removeAllListeners();
    tellStatus(emitter, opened);
    expect(listener).not.toHaveBeenCalled();
  });

  it("that throws is a warning, and the others are told", () => {
    const emitter = new StatusEmitter<Status>();
    const heard: string[] = [];
    const mistake = new Error("my own mistake");
    for (const name of ["status", "opened"] as const) {
      emitter.on(name, () => {
        throw mistake;
      });
      emitter.on(name, () => heard.push(name));
    }
    tellStatus(emitter, opened);
    expect(heard).toEqual(["status", "opened"]);
    expectWarnings(mistake, mistake);
  });

  it("that gives a promise which rejects is a warning as well", async () => {
    const emitter = new StatusEmitter<Status>();
    const listeners: readonly (() => unknown)[] = [
      () => Promise.reject(new Error("later")),
      () => runInNewContext("({ then: (_, reject) => reject('else') })"),
      () => Promise.resolve(),
    ];
    for (const listener of listeners) emitter.on("opened", listener);
    tellStatus(emitter, opened);
    await turns(2);
    expectWarnings(new Error("later"), "else");
  });

  it("that throws what does not let itself be shown is a warning in words", () => {
    for (const thrown of Object.values(thrownValues())) {
      const emitter = new StatusEmitter<Status>();
      emitter.on("opened", () => {
        throw thrown;
      });
      tellStatus(emitter, opened);
    }
    const warnings = emitted.mock.calls.map(([warning]) => warning);
    expect(warnings).toHaveLength(Object.keys(thrownValues()).length);
    // As Node.js shows them later, where nothing catches what is thrown.
    for (const warning of warnings) expect(typeof warning).toBe("string");
  });

  it("that throws an error with a code, or an abort, is a warning of that", () => {
    const errors = [Object.assign(new Error("own"), { code: "E_OWN" }), new DOMException("bye")];
    for (const error of errors) {
      const emitter = new StatusEmitter<Status>();
      emitter.on("opened", () => {
        throw error;
      });
      tellStatus(emitter, opened);
    }
    expectWarnings(...errors);
  });

  it("that is none is refused as by any emitter", () => {
    const emitter = new StatusEmitter<Status>();
    // @ts-expect-error what a program without types may give
    expect(() => emitter.on("opened", "listener")).toThrow(TypeError);
  });
});
