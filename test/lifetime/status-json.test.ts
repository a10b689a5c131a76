import { describe, expect, it } from "vitest";
import { DockspoolError } from "../../src/index.ts";
import type { PoolStatus, SourceStatus } from "../../src/index.ts";
import { giveJson } from "../../src/lifetime/status-json.ts";
import { thrownValues } from "../support/thrown-values.ts";

const cyclic: Record<string, unknown> = {};
cyclic["self"] = cyclic;
const own = new DockspoolError("SINK_FAILED", "It failed.", { container: "c" });
const ownJson = {
  name: "DockspoolError",
  code: "SINK_FAILED",
  message: "It failed.",
  container: "c",
  transient: false,
};
const system = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
const systemJson = { name: "Error", code: "ECONNREFUSED", message: "connect ECONNREFUSED" };
const container = {
  id: "c",
  name: "web",
  image: "i",
  labels: {},
  tty: false,
  logDriver: "local",
  engine: "default",
};
const rotation = {
  container: "c",
  generation: 2,
  awaited: ["reader"],
  closedInMs: 1,
  reopenedInMs: 2,
  reopened: true,
};
const retry = { type: "delivery-retry", sink: "s", attempt: 1, delayMs: 5 } as const;
const reconnecting = { type: "reconnecting", attempt: 1, delayMs: 5 } as const;

/** Each status as it is told, and the part that would be lost; undefined: it is shown as it is. */
const statuses: readonly (readonly [SourceStatus | PoolStatus, object | undefined])[] = [
  [{ type: "opened", generation: 1, aligned: "first" }, undefined],
  [{ type: "rotating", generation: 1 }, undefined],
  [{ type: "rotated", rotation }, undefined],
  [{ type: "rotation-failed", error: own, survivors: ["a"] }, { error: ownJson }],
  [{ type: "waiting" }, undefined],
  [{ ...reconnecting, error: own }, { error: ownJson }],
  [{ ...reconnecting, error: system }, { error: systemJson }],
  [{ type: "stalled", silentMs: 5 }, undefined],
  [{ type: "gap", after: "a", before: "b" }, undefined],
  [{ type: "truncated", timestamp: "t", bytes: 5 }, undefined],
  [{ type: "engine-error", message: "m" }, undefined],
  [{ ...retry, error: system }, { error: systemJson }],
  [{ ...retry, error: cyclic }, { error: "{ self: an object }" }],
  [{ ...retry, error: "plain" }, { error: "plain" }],
  [{ ...retry, error: 5n }, { error: "5n" }],
  [{ type: "checkpoint-failed", error: own }, { error: ownJson }],
  [{ type: "renamed", from: "a", to: "b" }, undefined],
  [{ type: "stopped" }, undefined],
  [{ type: "restarted" }, undefined],
  [{ type: "ended", reason: { kind: "closed" } }, undefined],
  [{ type: "ended", reason: { kind: "removed", complete: true } }, undefined],
  [{ type: "ended", reason: { kind: "failed", error: own } }, { reason: { error: ownJson } }],
  [
    { type: "ended", reason: { kind: "aborted", reason: system } },
    { reason: { kind: "aborted", reason: systemJson } },
  ],
  [
    { type: "ended", reason: { kind: "aborted", reason: new DOMException("bye", "AbortError") } },
    { reason: { reason: { name: "AbortError", message: "bye" } } },
  ],
  [{ type: "attached", container }, undefined],
  [{ type: "standby", container }, undefined],
  [
    { type: "detached", container, reason: { kind: "aborted", reason: cyclic } },
    { container, reason: { kind: "aborted", reason: "{ self: an object }" } },
  ],
  [
    { type: "skipped", container, error: own },
    { container, error: ownJson },
  ],
  [{ type: "engine", engine: "e", state: "connected" }, undefined],
  [{ type: "engine", engine: "e", state: "disconnected", error: system }, { error: systemJson }],
  [
    { type: "source", container, status: { ...retry, error: system } },
    { container, status: { ...retry, error: systemJson } },
  ],
];

describe("a status as JSON", () => {
  it.each(statuses)("keeps what it says: %o", (status, lost) => {
    const before = { ...status };
    giveJson(status);
    giveJson(status);
    const shown: unknown = JSON.parse(JSON.stringify({ statuses: [status] }));
    const expected = lost ?? JSON.parse(JSON.stringify(before));
    expect(shown).toMatchObject({ statuses: [{ type: status.type, ...expected }] });
    // Otherwise it is what it was, the errors in it included.
    expect({ ...status }).toStrictEqual(before);
    expect(Object.keys(status)).not.toContain("toJSON");
  });

  it("can be made whatever a function of the caller's has thrown", () => {
    for (const error of Object.values(thrownValues())) {
      const status = { ...retry, error };
      giveJson(status);
      expect(JSON.stringify(status)).toContain("delivery-retry");
    }
  });

  it("leaves what is the caller's alone", () => {
    const reason = { type: "mine", reason: {} };
    const error = { type: "mine", status: {} };
    giveJson({ type: "ended", reason: { kind: "aborted", reason } });
    giveJson({ ...retry, error });
    for (const one of [reason, reason.reason, error, error.status])
      expect(Object.getOwnPropertyNames(one)).not.toContain("toJSON");
  });
});
