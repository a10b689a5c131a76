import type { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { LogBatch, SinkContext } from "../../src/index.ts";
import { retryAfterMs } from "../../src/sinks/http/retry-after.ts";
import { httpSink } from "../../src/sinks/http.ts";
import type { RefusedLines } from "../../src/sinks/http.ts";
import { lokiSink } from "../../src/sinks/loki.ts";
import { otlpSink } from "../../src/sinks/otlp.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eventually, thrown, turns } from "../support/fake-follow.ts";
import { recordOf } from "../support/plain-records.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { HttpReceiver } from "../support/sinks/http-receiver.ts";
import type { Received, Reply } from "../support/sinks/http-receiver.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };

function lines(...texts: readonly string[]): LogBatch {
  return texts.map((text) => recordOf(text));
}

function linesIn(body: string): string[] {
  const objects = body.split("\n").slice(0, -1);
  return objects.map((json): string => JSON.parse(json).line);
}

type OnRefused = (refused: RefusedLines) => void;

const GZIP = "Content-Encoding: gzip\r\n";

function head(status: number, length?: number, more = ""): string {
  const size = length === undefined ? "" : `Content-Length: ${length}\r\n`;
  return `HTTP/1.1 ${status} Something\r\n${size}${more}\r\n`;
}

function urlOf({ engine }: RawPeer): string {
  return `http://${engine.host}:${engine.port}/`;
}

/** Time passes until the promise is settled. */
async function settledByTime(promise: Promise<unknown>): Promise<void> {
  const state = { isSettled: false };
  const settle = (): void => {
    state.isSettled = true;
  };
  promise.then(settle, settle);
  while (!state.isSettled) {
    await turns();
    vi.advanceTimersByTime(10);
  }
}

/** What the sink throws at that answer. */
async function failureAt(status: number, headers: Record<string, string> = {}): Promise<unknown> {
  await using receiver = await HttpReceiver.start();
  receiver.replies.push({ status, headers, body: "no" });
  const sink = httpSink(`${receiver.url}/logs?token=s3cret`);
  const error: unknown = await Promise.resolve(sink(lines("a"), context)).catch(
    (what: unknown) => what,
  );
  expect(String(error)).toContain(`${receiver.url}/logs answered ${status}: no`);
  expect(String(error)).not.toContain("s3cret");
  return error;
}

describe("the sink for HTTP", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("posts a batch as NDJSON, with the headers that are given, compressed where it is told so", async () => {
    await using receiver = await HttpReceiver.start();
    const headers = { authorization: "Bearer x" };
    await httpSink(`${receiver.url}/logs`, { headers })(lines("a", "b"), context);
    await httpSink(receiver.url, { gzip: true })(lines("c"), context);
    const [one, two] = receiver.received;
    expect(one).toMatchObject({
      url: "/logs",
      headers: { authorization: "Bearer x", "content-type": "application/x-ndjson" },
    });
    expect(two).toMatchObject({ url: "/", headers: { "content-encoding": "gzip" } });
    expect(receiver.bodies.map(linesIn)).toEqual([["a", "b"], ["c"]]);
  });

  it("posts in another format where it is given", async () => {
    await using receiver = await HttpReceiver.start();
    const format = (records: LogBatch) => records.map(({ line }) => line).join("|");
    const headers = { "content-type": "text/plain" };
    await httpSink(receiver.url, { format, headers })(lines("a", "b"), context);
    expect(receiver.received).toMatchObject([{ body: "a|b", headers }]);
  });

  it.each([408, 425, 429, 500, 502, 503, 504])(
    "has a batch tried again after %i",
    async (status) => {
      expect(await failureAt(status)).not.toHaveProperty("retryable");
    },
  );

  it.each([301, 400, 401, 404, 413, 422])("gives a batch up after %i", async (status) => {
    expect(await failureAt(status, { location: "/elsewhere" })).toMatchObject({ retryable: false });
  });

  it("says when the server wants to be asked again", async () => {
    expect(await failureAt(429, { "retry-after": "7" })).toMatchObject({ retryAfterMs: 7_000 });
    expect(await failureAt(503, { "retry-after": "soon" })).not.toHaveProperty("retryAfterMs");
  });

  it("reads Retry-After as seconds or as a date", () => {
    const now = Date.parse("2026-11-28T14:00:00Z");
    expect(retryAfterMs("0", now)).toBe(0);
    expect(retryAfterMs("Sat, 28 Nov 2026 14:00:10 GMT", now)).toBe(10_000);
    expect(retryAfterMs("Sat, 28 Nov 2026 13:00:00 GMT", now)).toBe(0);
    for (const value of [null, "", "-1", "1e9", "99999999999", "soon"])
      expect(retryAfterMs(value, now)).toBeUndefined();
  });

  it("sends what is too large in halves, and gives up a record that is too large alone", async () => {
    await using receiver = await HttpReceiver.start();
    const tooLarge = { status: 413 };
    receiver.replies.push(tooLarge, tooLarge, { status: 200 }, { status: 200 });
    await httpSink(receiver.url)(lines("a", "b", "c"), context);
    expect(receiver.bodies.map(linesIn)).toEqual([
      ["a", "b", "c"],
      ["a", "b"],
      ["a"],
      ["b"],
      ["c"],
    ]);
    receiver.replies.push(tooLarge);
    const alone = Promise.resolve(httpSink(receiver.url)(lines("d"), context));
    await expect(alone).rejects.toMatchObject({ retryable: false });
  });

  it.each([
    ["httpSink", (url: string, onRefused: OnRefused) => httpSink(url, { onRefused })],
    ["lokiSink", (url: string, onRefused: OnRefused) => lokiSink(url, { onRefused })],
    ["otlpSink", (url: string, onRefused: OnRefused) => otlpSink(url, { onRefused })],
  ])("%s tells of a record that is too large alone, and sends the others", async (_, sinkOf) => {
    await using receiver = await HttpReceiver.start();
    const taken: string[] = [];
    const answer = ({ body }: Received): Reply => {
      const found = ["one", "large", "three"].filter((text) => body.includes(text));
      if (found.includes("large")) return { status: 413, body: "no room\n" };
      taken.push(...found);
      return { status: 200 };
    };
    for (let at = 0; at < 10; at++) receiver.replies.push(answer);
    const refused: RefusedLines[] = [];
    const records = lines("one", "large", "three");
    await sinkOf(receiver.url, (told) => refused.push(told))(records, context);
    expect(taken).toEqual(["one", "three"]);
    expect(refused).toEqual([{ records: [records[1]], lines: 1, message: "no room" }]);
  });

  it.each([
    ["is cut short", (socket: Socket) => socket.end(`${head(200, 100)}abc`)],
    ["is not what it says", (socket: Socket) => socket.end(`${head(200, 3, GZIP)}abc`)],
    ["stalls", (socket: Socket) => socket.write(`${head(200, 100)}abc`)],
  ])("takes the status for an answer where the body %s", async (_, answer) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using peer = await RawPeer.start(answer, "TCP");
    const sent = Promise.resolve(httpSink(urlOf(peer))(lines("a"), context));
    await settledByTime(sent);
    await expect(sent).resolves.toBeUndefined();
  });

  it("gives a batch up where the body of the refusal is cut short or stalls, and heeds the signal", async () => {
    let posts = 0;
    await using peer = await RawPeer.start((socket, path) => {
      posts++;
      if (path === "/cut") socket.end(`${head(400, 100)}abc`);
      else socket.write(`${head(400, 100)}abc`);
    }, "TCP");
    const cut = Promise.resolve(httpSink(`${urlOf(peer)}cut`)(lines("a"), context));
    await expect(cut).rejects.toMatchObject({ retryable: false });
    const controller = new AbortController();
    const signal = controller.signal;
    const stalled = Promise.resolve(httpSink(urlOf(peer))(lines("a"), { signal, attempt: 1 }));
    await eventually(() => posts === 2);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(stalled).rejects.toBe(reason);
  });

  it("names the server that does not answer, and heeds the signal", async () => {
    const receiver = await HttpReceiver.start();
    const { url } = receiver;
    await receiver[Symbol.asyncDispose]();
    await expect(Promise.resolve(httpSink(url)(lines("a"), context))).rejects.toThrow(
      "ECONNREFUSED",
    );
    const reason = new Error("enough");
    const aborted = { signal: AbortSignal.abort(reason), attempt: 1 };
    await expect(Promise.resolve(httpSink(url)(lines("a"), aborted))).rejects.toBe(reason);
  });

  it("delivers a log in order through busy answers, and hands what is refused to the dead letter", async () => {
    await using fake = await FakeEngine.start();
    await using receiver = await HttpReceiver.start();
    const web = fake.create({ name: "web" });
    for (let at = 0; at < 30; at++) web.write(`line ${at}`);
    const isBad = (body: string) => linesIn(body).includes("line 17");
    let asked = 0;
    for (let at = 0; at < 100; at++)
      receiver.replies.push(({ body }) => {
        if (asked++ % 2 === 0) return { status: 503, headers: { "retry-after": "1" } };
        return { status: isBad(body) ? 400 : 200 };
      });
    const taken: string[] = [];
    const dead: string[] = [];
    const source = new ContainerLogSource("web", { engine: fake.engine, follow: false });
    const sink = httpSink(receiver.url);
    const delivery = source.deliver(
      async (records, given) => {
        await sink(records, given);
        taken.push(...records.map(({ line }) => line));
      },
      {
        maxRecords: 4,
        retry: { minDelayMs: 0, maxDelayMs: 2 },
        deadLetter: (records) => {
          dead.push(...records.map(({ line }) => line));
        },
      },
    );
    await delivery.done;
    expect(dead).toHaveLength(4);
    expect(dead).toContain("line 17");
    const all = web.written.map(({ line }) => line);
    expect(taken).toEqual(all.filter((line) => !dead.includes(line)));
  });

  it("refuses URLs and headers that it cannot use, and shows no secret", () => {
    const wrong = ["", "logs", "ftp://host/", "http://user:s3cret@host/"];
    for (const url of wrong) {
      const { message } = thrown(() => httpSink(url), "INVALID_OPTION");
      expect(message).not.toContain("s3cret");
    }
    const headers = { authorization: "s3cret\n x" };
    const { message } = thrown(() => httpSink("http://host", { headers }), "INVALID_OPTION");
    expect(message).not.toContain("s3cret");
    // Nothing of it would be sent.
    const none = { headers: new Headers({ authorization: "s3cret" }) as never };
    const error = thrown(() => httpSink("http://host", none), "INVALID_OPTION");
    expect(error.message).toContain('"headers"');
  });
});
