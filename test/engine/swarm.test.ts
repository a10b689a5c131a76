import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { StreamPool, serviceLogs } from "../../src/index.ts";
import type { ServiceLogLine } from "../../src/index.ts";
import { freePort } from "../support/free-port.ts";
import { PoolFollower } from "../support/pool-follow.ts";
import { RealEngine, hasEngine } from "../support/real-engine.ts";

const LINES = 200;
const SCRIPT = `seq 1 ${LINES}; head -c 40000 /dev/zero | tr '\\0' y; echo; echo error >&2; sleep 600`;

describe.skipIf(!hasEngine())("a swarm of one node", () => {
  let engine: RealEngine;

  beforeAll(async () => {
    engine = await RealEngine.start();
    const address = `127.0.0.1:${await freePort()}`;
    await engine.docker(["swarm", "init", "--listen-addr", address, "--advertise-addr", address]);
    const service = ["--name", "shop_web", "--network", "host", "--replicas", "2"];
    const how = ["--detach", "--no-resolve-image", "--label", "x=y"];
    await engine.docker(["service", "create", ...how, ...service, "bb:1", "sh", "-c", SCRIPT]);
  });

  afterAll(async () => {
    await engine.docker(["swarm", "leave", "--force"]).catch(() => {});
    await engine.stop();
  });

  test("has a service's containers selected, with its names in their details", async () => {
    const pool = new StreamPool({
      engine: { socketPath: engine.socketPath },
      select: { service: "shop_*" },
      from: "start",
      details: true,
    });
    onTestFinished(() => pool.close());
    const follower = new PoolFollower(pool);
    await follower.until(() => follower.records.length === 2 * (LINES + 2));
    for (const { container } of follower.records)
      expect(container.details?.swarm).toMatchObject({
        service: "shop_web",
        task: container.name,
        taskId: expect.stringMatching(/^\w{25}$/),
        nodeId: expect.stringMatching(/^\w{25}$/),
      });
    await follower.end();
  });

  /** The engine itself leaves lines out of such a log where the machine is busy: it is asked for until it gives all. */
  async function wholeLog(follow: boolean): Promise<ServiceLogLine[]> {
    for (;;) {
      const lines: ServiceLogLine[] = [];
      const signal = AbortSignal.timeout(5_000);
      const given = { engine: { socketPath: engine.socketPath }, follow, signal };
      try {
        for await (const record of serviceLogs("shop_web", given)) {
          if (record.kind === "line") lines.push(record);
          if (lines.length === 2 * (LINES + 2)) return lines;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  test.for([true, false])(
    "has a service's log read through its manager, each line with its task, follow: %s",
    async (follow) => {
      const lines = await wholeLog(follow);
      const tasks = [...new Set(lines.map(({ task }) => task))];
      expect(tasks).toHaveLength(2);
      for (const task of tasks) {
        const own = lines.filter((line) => line.task === task);
        const out = own.filter(({ stream }) => stream === "stdout").map(({ line }) => line);
        expect(out.slice(0, LINES).map(Number)).toEqual(
          Array.from({ length: LINES }, (_, index) => index + 1),
        );
        expect(out[LINES]).toBe("y".repeat(40_000));
        expect(own.filter(({ stream }) => stream === "stderr").map(({ line }) => line)).toEqual([
          "error",
        ]);
      }
    },
  );
});
