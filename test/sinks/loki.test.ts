import { describe, expect, it } from "vitest";
import type { LogBatch, SinkContext } from "../../src/index.ts";
import { lokiSink } from "../../src/sinks/loki.ts";
import type { RefusedLines } from "../../src/sinks/loki.ts";
import { recordOf } from "../support/plain-records.ts";
import { HttpReceiver } from "../support/sinks/http-receiver.ts";
import type { Received } from "../support/sinks/http-receiver.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };

function lines(...texts: readonly string[]): LogBatch {
  return texts.map((text) => recordOf(text));
}

/** The documented JSON of the push API, with the limits on labels. */
function lokiProblem({ url, headers, body }: Received): string | undefined {
  if (url !== "/loki/api/v1/push") return `path ${url}`;
  if (headers["content-type"] !== "application/json") return "content type";
  const { streams, ...rest } = JSON.parse(body);
  if (Object.keys(rest).length > 0 || !Array.isArray(streams)) return "streams alone";
  for (const { stream, values, ...others } of streams) {
    const names = Object.keys(stream);
    if (Object.keys(others).length > 0) return "stream and values alone";
    if (names.length === 0 || names.length > 15) return `${names.length} labels`;
    if (!names.every((name) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)))
      return `labels ${names.join()}`;
    if (!Object.values(stream).every((value) => typeof value === "string")) return "label values";
    if (!Array.isArray(values) || values.length === 0) return "values";
    for (const [time, line, metadata, ...more] of values) {
      if (!/^\d{19}$/.test(time) || typeof line !== "string" || more.length > 0) return "an entry";
      if (metadata !== undefined && typeof metadata !== "object") return "metadata";
    }
  }
  return undefined;
}

const behind =
  "entry with timestamp 2026-11-23 15:58:34 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: 2026-11-23T15:58:34Z, oldest acceptable timestamp is: 2026-11-23T16:58:34Z',\ntotal ignored: 1 out of 2 for stream: {container=\"web\"}";

describe("the sink for Loki", () => {
  it("pushes what the API's documentation asks for", async () => {
    await using receiver = await HttpReceiver.start();
    receiver.replies.push({ status: 204 });
    const sink = lokiSink(receiver.url, {
      tenant: "shop",
      gzip: true,
      metadata: ({ id }) => ({ id }),
      labels: ({ container, stream }) => ({ "the name": container.name, stream }),
    });
    const batch = [...lines("a", "b"), recordOf("c", { stream: "stderr" })];
    await sink(batch, context);
    const [received] = receiver.received;
    expect(received === undefined ? "nothing" : lokiProblem(received)).toBeUndefined();
    expect(received?.headers["x-scope-orgid"]).toBe("shop");
    expect(JSON.parse(received?.body ?? "")).toMatchObject({
      streams: [
        {
          stream: { the_name: "web", stream: "stdout" },
          values: [
            [expect.any(String), "a", {}],
            [expect.any(String), "b", {}],
          ],
        },
        {
          stream: { the_name: "web", stream: "stderr" },
          values: [[expect.any(String), "c", { id: batch[2]?.id }]],
        },
      ],
    });
  });

  it("tells the lines that Loki will never take, and goes on", async () => {
    await using receiver = await HttpReceiver.start();
    const told: RefusedLines[] = [];
    receiver.replies.push(
      { status: 400, body: behind },
      { status: 400, body: "Max entry size 256 exceeded" },
    );
    const sink = lokiSink(receiver.url, { onRefused: (refused) => told.push(refused) });
    const batch = lines("a", "b");
    await sink(batch, context);
    await sink(batch, context);
    expect(told).toMatchObject([
      { records: batch, lines: 1, message: behind },
      { records: batch, lines: undefined },
    ]);
  });

  it("gives up a batch of which lines are refused where nobody is told", async () => {
    await using receiver = await HttpReceiver.start();
    receiver.replies.push({ status: 400, body: behind });
    const pushed = Promise.resolve(lokiSink(receiver.url)(lines("a", "b"), context));
    await expect(pushed).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining("refused 1 line(s)"),
    });
  });

  it("has 429 and 500 tried again, and gives up what refuses a whole batch", async () => {
    await using receiver = await HttpReceiver.start();
    const onRefused = () => expect.unreachable();
    const sink = lokiSink(receiver.url, { onRefused });
    const busy = {
      status: 429,
      body: "ingestion rate limit exceeded",
      headers: { "retry-after": "2" },
    };
    receiver.replies.push(
      busy,
      { status: 500 },
      { status: 400, body: "error parsing labels" },
      { status: 401 },
    );
    await expect(Promise.resolve(sink(lines("a"), context))).rejects.toMatchObject({
      retryAfterMs: 2_000,
    });
    await expect(Promise.resolve(sink(lines("a"), context))).rejects.not.toHaveProperty(
      "retryable",
    );
    for (let at = 0; at < 2; at++)
      await expect(Promise.resolve(sink(lines("a"), context))).rejects.toMatchObject({
        retryable: false,
      });
  });
});
