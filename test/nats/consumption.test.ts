import { JetStreamApiError } from "@nats-io/jetstream";
import type { ConsumerInfo, JetStreamManager } from "@nats-io/jetstream";
import { TimeoutError } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { describe, expect, it, vi } from "vitest";
import { addConsumer } from "../../src/nats/consumption.ts";

const UNAVAILABLE = new JetStreamApiError({
  code: 503,
  err_code: 10_008,
  description: "JetStream system temporarily unavailable",
});
const REFUSED = new JetStreamApiError({ code: 400, err_code: 10_025, description: "bad request" });

/** A server that answers by these errors, and then as it should. */
function add(errors: readonly Error[], signal = new AbortController().signal) {
  const left = [...errors];
  const asked = vi.fn<() => Promise<ConsumerInfo>>(() => {
    const error = left.shift();
    return error === undefined
      ? Promise.resolve({ name: "c" } as ConsumerInfo)
      : Promise.reject(error);
  });
  const manager = { consumers: { add: asked } } as unknown as JetStreamManager;
  const source = { connection: {} as NatsConnection, manager, stream: "LOGS", signal };
  return { asked, added: addConsumer(source, {}) };
}

describe("a consumer is asked for again", () => {
  it.each([
    ["a node that is away", new TimeoutError()],
    ["a cluster that chooses a leader", UNAVAILABLE],
  ])("after %s", async (_, error) => {
    const { asked, added } = add([error, error]);
    await expect(added).resolves.toMatchObject({ name: "c" });
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it("no more than a few times, and not where the answer is another", async () => {
    const away = add(Array.from({ length: 9 }, () => UNAVAILABLE));
    await expect(away.added).rejects.toBe(UNAVAILABLE);
    expect(away.asked).toHaveBeenCalledTimes(5);
    const refused = add([REFUSED]);
    await expect(refused.added).rejects.toBe(REFUSED);
    expect(refused.asked).toHaveBeenCalledTimes(1);
  });

  it("not once it is no longer wanted", async () => {
    const controller = new AbortController();
    const { asked, added } = add([UNAVAILABLE], controller.signal);
    const reason = new Error("over");
    controller.abort(reason);
    await expect(added).rejects.toBe(reason);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
