import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { codeOf, isError, messageOf } from "../src/errors.ts";
import { DockspoolError } from "../src/index.ts";
import { thrownValues } from "./support/thrown-values.ts";

describe("an error as JSON", () => {
  it("has its code, its message, and the message of its cause", () => {
    const cause = Object.assign(new Error("disk full"), { password: "hunter2" });
    const details = { container: "c1", transient: true, cause };
    const error = new DockspoolError("CHECKPOINT_UNWRITABLE", "It can't be written.", details);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "DockspoolError",
      code: "CHECKPOINT_UNWRITABLE",
      message: "It can't be written.",
      container: "c1",
      transient: true,
      cause: "disk full",
    });
  });

  it("leaves out what it does not have", () => {
    expect(JSON.parse(JSON.stringify(new DockspoolError("CLOSED", "It is closed.")))).toEqual({
      name: "DockspoolError",
      code: "CLOSED",
      message: "It is closed.",
      transient: false,
    });
  });

  it("can be made whatever the cause is", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    for (const cause of [cyclic, 5n, Symbol("a"), null, () => {}, Object.create(null)])
      expect(JSON.stringify(new DockspoolError("SINK_FAILED", "failed", { cause }))).toContain(
        "SINK_FAILED",
      );
  });
});

describe("an error's message", () => {
  it("is one printable line of bounded length", () => {
    const { message } = new DockspoolError("PROTOCOL", `\u001B[2J\n${"x".repeat(1e6)}`);
    expect(message).toMatch(/^[^\p{Cc}]*$/u);
    expect(message.length).toBeLessThan(5_000);
  });
});

describe("what was thrown", () => {
  it("is said in words, also by another realm or a library of its own", () => {
    for (const [thrown, message] of [
      [new Error("a\u001Bb"), String.raw`a\u001bb`],
      [runInNewContext("new TypeError('elsewhere')"), "elsewhere"],
      [new DOMException("aborted", "AbortError"), "aborted"],
      ["plain", "plain"],
      [undefined, "undefined"],
      [{ password: "hunter2" }, "{ password: a string }"],
    ] as const)
      expect(messageOf(thrown)).toBe(message);
  });

  it("is known as an error of this package by its brand alone", () => {
    const error = new DockspoolError("CLOSED", "closed");
    const wrapped: unknown = runInNewContext("Object.create(error)", { error });
    expect(DockspoolError.is(error, "CLOSED")).toBe(true);
    expect(DockspoolError.is(error, "PROTOCOL")).toBe(false);
    expect(DockspoolError.is(wrapped)).toBe(false);
    for (const other of [null, undefined, "CLOSED", new Error("x"), { code: "CLOSED" }])
      expect(DockspoolError.is(other)).toBe(false);
    expect(isError(runInNewContext("new Error()"))).toBe(true);
    expect(isError({ message: "no error" })).toBe(false);
  });

  it("is said in some word, also where it has none", () => {
    const refused = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });
    expect(messageOf(refused)).toBe("ECONNREFUSED");
    expect(messageOf(new Error())).toBe("a value of the type Error");
    expect(messageOf("")).toBe('""');
  });

  it("is looked at without harm, whatever it is", () => {
    for (const thrown of Object.values(thrownValues())) {
      expect(messageOf(thrown)).toMatch(/./);
      expect(codeOf(thrown)).toBe("");
      expect(typeof isError(thrown)).toBe("boolean");
      expect(DockspoolError.is(thrown)).toBe(false);
      const error = new DockspoolError("SINK_FAILED", "failed", { cause: thrown });
      expect(JSON.stringify(error)).toContain("SINK_FAILED");
    }
  });

  it("is no error of this package where it stands before one", () => {
    const error = new DockspoolError("CLOSED", "closed");
    expect(DockspoolError.is(new Proxy(error, {}))).toBe(false);
  });

  it("does not show a caller's value in the error's inspection", () => {
    const error = new DockspoolError("INVALID_OPTION", messageOf({ key: "hunter2" }));
    expect(inspect(error)).not.toContain("hunter2");
  });
});
