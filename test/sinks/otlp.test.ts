import { describe, expect, it } from "vitest";
import type { LogBatch, SinkContext } from "../../src/index.ts";
import { otlpSink } from "../../src/sinks/otlp.ts";
import type { RefusedLines } from "../../src/sinks/otlp.ts";
import { readOtlpLogs } from "../support/otlp-schema.ts";
import { recordOf } from "../support/plain-records.ts";
import { HttpReceiver } from "../support/sinks/http-receiver.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };

function lines(...texts: readonly string[]): LogBatch {
  return texts.map((text) => recordOf(text));
}

const partial = (rejectedLogRecords: number | string, errorMessage: string): string =>
  JSON.stringify({ partialSuccess: { rejectedLogRecords, errorMessage } });

describe("the sink for OTLP", () => {
  it("exports what the protocol's schema allows, to the path for logs", async () => {
    await using receiver = await HttpReceiver.start();
    receiver.replies.push({ status: 200, body: '{"partialSuccess":{}}' });
    const sink = otlpSink(receiver.url, { parse: true, resource: { "service.version": "1" } });
    await sink(lines('{"level":"warn","msg":"slow"}', "b"), context);
    const [received] = receiver.received;
    expect(received).toMatchObject({
      url: "/v1/logs",
      headers: { "content-type": "application/json" },
    });
    const { resourceLogs } = readOtlpLogs(received?.body ?? "");
    const records = resourceLogs[0]?.scopeLogs[0]?.logRecords;
    expect(records?.map(({ body }) => body.stringValue)).toEqual(["slow", "b"]);
  });

  it("keeps a path of the URL's own", async () => {
    await using receiver = await HttpReceiver.start();
    await otlpSink(`${receiver.url}/otlp/v1/logs`)(lines("a"), context);
    expect(receiver.received).toMatchObject([{ url: "/otlp/v1/logs" }]);
  });

  it("tells what is refused of a batch that is taken, and warnings, and sends none again", async () => {
    await using receiver = await HttpReceiver.start();
    const told: RefusedLines[] = [];
    receiver.replies.push(
      { status: 200, body: partial("1", "no time") },
      { status: 200, body: partial(0, "old") },
    );
    const sink = otlpSink(receiver.url, { onRefused: (refused) => told.push(refused) });
    const batch = lines("a", "b");
    await sink(batch, context);
    await sink(batch, context);
    expect(told).toEqual([
      { records: batch, lines: 1, message: "no time" },
      { records: batch, lines: 0, message: "old" },
    ]);
  });

  it("gives up a batch of which records are refused where nobody is told; a warning is none", async () => {
    await using receiver = await HttpReceiver.start();
    receiver.replies.push(
      { status: 200, body: partial(2, "no") },
      { status: 200, body: partial(0, "old") },
    );
    const sink = otlpSink(receiver.url);
    await expect(Promise.resolve(sink(lines("a"), context))).rejects.toMatchObject({
      retryable: false,
    });
    await sink(lines("a"), context);
  });

  it("takes an answer that it can't read for a success", async () => {
    await using receiver = await HttpReceiver.start();
    for (const body of ["", "\u0000\u0001", "null", "[]", '{"partialSuccess":1}', partial("x", "")])
      receiver.replies.push({ status: 200, body });
    const sink = otlpSink(receiver.url);
    for (let at = 0; at < 6; at++) await sink(lines("a"), context);
    expect(receiver.received).toHaveLength(6);
  });

  it("has tried again what the protocol allows, and nothing else", async () => {
    await using receiver = await HttpReceiver.start();
    const sink = otlpSink(receiver.url);
    for (const status of [429, 502, 503, 504, 400, 500, 501, 408]) {
      receiver.replies.push({ status });
      const error: unknown = await Promise.resolve(sink(lines("a"), context)).catch(
        (what: unknown) => what,
      );
      const isFinal = ![429, 502, 503, 504].includes(status);
      expect([status, Reflect.get(Object(error), "retryable")]).toEqual([
        status,
        isFinal ? false : undefined,
      ]);
    }
  });
});
