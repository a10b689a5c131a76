import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapRecords, rateLimit, redact, stripAnsi, where } from "../../src/formats.ts";
import type { DroppedLines, RedactOptions } from "../../src/formats.ts";
import { TokenBucket } from "../../src/formats/transform/token-bucket.ts";
import { ContainerLogSource } from "../../src/index.ts";
import type { LogBatch, Sink, SinkContext } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { thrown } from "../support/fake-follow.ts";
import { containerNamed, recordOf } from "../support/plain-records.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };
const second: SinkContext = { ...context, attempt: 2 };

/** Keeps the lines of each call. */
function collecting(): { readonly calls: string[][]; readonly sink: Sink } {
  const calls: string[][] = [];
  return {
    calls,
    sink: (records) => {
      calls.push(records.map(({ line }) => line));
    },
  };
}

function lines(...texts: readonly string[]): LogBatch {
  return texts.map((text) => recordOf(text));
}

describe("redact", () => {
  const redacted = (line: string, options: RedactOptions = { fields: ["password", "auth"] }) =>
    redact(options)(recordOf(line)).line;

  it.each([
    ['{"user":"a","password":"s3cret","x":1}', '{"user":"a","password":"[redacted]","x":1}'],
    ['{"Password" : "a\\"b" }', '{"Password" : "[redacted]" }'],
    ['{"password":{"a":["}"]},"x":1}', '{"password":"[redacted]","x":1}'],
    ['{"a":[{"password":12345}]}', '{"a":[{"password":"[redacted]"}]}'],
    ['{"password":null,"auth":true}', '{"password":"[redacted]","auth":"[redacted]"}'],
    [
      '{"log":"{\\"password\\":\\"a\\\\\\"b\\",\\"x\\":1}"}',
      '{"log":"{\\"password\\":\\"[redacted]\\",\\"x\\":1}"}',
    ],
    ['{"msg":"login password=a;b&c"}', '{"msg":"login password=[redacted]"}'],
    ['{"password":"cut sho', '{"password":"[redacted]"'],
    ['user=a password="a b" x=1', 'user=a password="[redacted]" x=1'],
    ["password=s3,cret x=1", "password=[redacted] x=1"],
    ["{ password: 'a b', x: 1 }", "{ password: '[redacted]', x: 1 }"],
    ["auth: Bearer abc.def x", "auth: [redacted] x"],
    [
      "user.password=1 mypassword=2 password_hint=3",
      "user.password=[redacted] mypassword=2 password_hint=3",
    ],
    ["run --password=s3cret x", "run --password=[redacted] x"],
    ["my-password=1 my--password=2", "my-password=1 my--password=2"],
    ['{"password"=>"s3cret it", "x"=>1}', '{"password"=>"[redacted]", "x"=>1}'],
    ['password := "s3cret it"', 'password := "[redacted]"'],
    ["\u001b[36mpassword\u001b[0m=s3cret x", "\u001b[36mpassword\u001b[0m=[redacted] x"],
    ['\u001b[36mpassword=\u001b[0m"s3 cret"', '\u001b[36mpassword=\u001b[0m"[redacted]"'],
    [
      String.raw`{"log":"{\"password\":{\"a\":\"}s3cret\"},\"x\":1}"}`,
      String.raw`{"log":"{\"password\":\"[redacted]\",\"x\":1}"}`,
    ],
    ["password=pa\\ss'wo\"rd\\ x", "password=[redacted] x"],
    ["('password=it's', 'x')", "('password=[redacted]', 'x')"],
    ["password=('s3cret')", "password=[redacted]')"],
    [String.raw`{"msg":"password=pa\\s\"s","x":1}`, '{"msg":"password=[redacted]","x":1}'],
    ["no password here", "no password here"],
    ["password=", "password="],
  ])("makes %j into %j", (line, expected) => {
    expect(redacted(line)).toBe(expected);
  });

  it("replaces each match of patterns, by a text that is taken as it is", () => {
    const options = { patterns: [/\d{4}/y, "a.b"], with: "$&" };
    expect(redacted("1234 5678 a.b axb a.b", options)).toBe("$& $& $& axb $&");
  });

  it("returns a record without secrets as it is, and keeps the id of one that it changes", () => {
    const clean = redact({ fields: ["password"] });
    const record = recordOf("nothing");
    expect(clean(record)).toBe(record);
    const secret = recordOf('{"password":"x"}', { truncated: true });
    const changed = clean(secret);
    expect(changed.id).toBe(secret.id);
    expect(changed.container).toBe(secret.container);
    expect(JSON.parse(JSON.stringify(changed))).toEqual({
      ...JSON.parse(JSON.stringify(secret)),
      line: '{"password":"[redacted]"}',
    });
  });

  it("leaves no secret in whatever JSON it stands, and leaves it JSON", () => {
    const secret = fc.string({ minLength: 1 }).map((text) => `s3cret${text}`);
    // A quote before it, as in `password=\"s3cret`, is the value's own.
    const word = fc
      .string({ unit: fc.constantFrom("a", "1", "é", "\\", ";", "&", "s3cret"), minLength: 1 })
      .map((text) => `x${text}s3cret`);
    const json = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.string(),
        fc.integer(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.record({ key: fc.string(), value: tie("value") }),
        secret.map((password) => ({ password })),
        secret.map((inner) => ({ PassWord: { a: [inner] } })),
        secret.map((inner) => JSON.stringify({ password: inner, x: 1 })),
        secret.map((inner) => JSON.stringify({ password: { a: [inner], x: {} } })),
        secret.map((inner) => JSON.stringify({ a: JSON.stringify({ password: inner, x: 1 }) })),
        word.map((inner) => `login password=${inner}`),
        word.map((inner) => JSON.stringify({ msg: `login password=${inner}` })),
      ),
    })).value;
    fc.assert(
      fc.property(json, fc.nat(), (value, cut) => {
        const line = JSON.stringify({ value });
        const cleaned = redacted(line);
        expect(cleaned).not.toContain("s3cret");
        expect(() => JSON.parse(cleaned)).not.toThrow();
        expect(redacted(line.slice(0, cut % line.length))).not.toContain("s3cret");
      }),
    );
  });

  it("never throws", () => {
    expect(redacted(`password=${"x".repeat(16_000_000)}`)).toBe("password=[redacted]");
    const pieces = fc.constantFrom("password", '"', "'", "\\", ":", "=", " ", "{", "}", "[", "x");
    fc.assert(
      fc.property(fc.string({ unit: pieces }), (line) => typeof redacted(line) === "string"),
    );
  });

  it("refuses what is no pattern", () => {
    for (const pattern of ["", 1 as unknown as string])
      expect(thrown(() => redact({ patterns: [pattern] }), "INVALID_OPTION").message).toContain(
        "llowed",
      );
    expect(thrown(() => redact({ fields: [""] }), "INVALID_OPTION").message).toContain("llowed");
  });
});

describe("stripAnsi", () => {
  it("removes colours, links and cursor movements, and keeps the id", () => {
    const record = recordOf(
      "\u001b[1;31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007\u001b[2K\u009b1A",
    );
    expect(stripAnsi(record)).toMatchObject({ line: "red link", id: record.id });
    const plain = recordOf("[31m is no colour");
    expect(stripAnsi(plain)).toBe(plain);
  });
});

describe("mapRecords and where", () => {
  it("compose, around any sink", async () => {
    const { calls, sink } = collecting();
    const noisy = where(({ line }) => line !== "drop", mapRecords(stripAnsi, sink));
    await noisy(lines("\u001b[31ma", "drop", "b"), context);
    await noisy(lines("drop"), context);
    expect(calls).toEqual([["a", "b"]]);
  });

  it("hand on the context, and what the sink returns", async () => {
    const failing = where(
      () => true,
      mapRecords(stripAnsi, (_, { attempt }) => {
        throw new Error(`attempt ${attempt}`);
      }),
    );
    expect(() => failing(lines("a"), second)).toThrow("attempt 2");
  });

  it("deliver the rest of a container's log, and all counts as delivered", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (const line of ["a", "drop", "b", "drop"]) web.write(line);
    const { calls, sink } = collecting();
    const source = new ContainerLogSource("web", { engine: fake.engine, follow: false });
    await source.deliver(where(({ line }) => line !== "drop", sink)).done;
    expect(calls.flat()).toEqual(["a", "b"]);
    expect(source.stats.delivered).toBe(4);
  });
});

describe("rateLimit", () => {
  const web = containerNamed("web");
  const db = containerNamed("db");

  function batch(container: typeof web, count: number): LogBatch {
    return Array.from({ length: count }, (_, at) =>
      recordOf(`${container.name} ${at}`, { container }),
    );
  }

  it("drops what is more than its burst, of each container, and tells how much", async () => {
    const dropped: DroppedLines[] = [];
    const { calls, sink } = collecting();
    const limited = rateLimit(
      { linesPerSecond: 1, burst: 3, onDropped: (loss) => dropped.push(loss) },
      sink,
    );
    await limited([...batch(web, 5), ...batch(db, 2)], context);
    expect(calls).toEqual([["web 0", "web 1", "web 2", "db 0", "db 1"]]);
    expect(dropped).toEqual([{ container: web, lines: 2, total: 2 }]);
  });

  it("shares one burst among all where it is told so", async () => {
    const dropped: DroppedLines[] = [];
    const { calls, sink } = collecting();
    const onDropped = (loss: DroppedLines) => dropped.push(loss);
    const limited = rateLimit({ linesPerSecond: 1, burst: 3, per: "all", onDropped }, sink);
    await limited([...batch(web, 2), ...batch(db, 3)], context);
    expect(calls).toEqual([["web 0", "web 1", "db 0"]]);
    expect(dropped).toEqual([{ container: db, lines: 2, total: 2 }]);
  });

  it("hands on the same lines in a second attempt, and counts no loss twice", async () => {
    const dropped: DroppedLines[] = [];
    const { calls, sink } = collecting();
    const onDropped = (loss: DroppedLines) => dropped.push(loss);
    const limited = rateLimit({ linesPerSecond: 1, burst: 2, onDropped }, sink);
    const same = batch(web, 3);
    await limited(same, context);
    await limited(same, second);
    expect(calls).toEqual([
      ["web 0", "web 1"],
      ["web 0", "web 1"],
    ]);
    expect(dropped).toHaveLength(1);
    await limited(batch(web, 1), context);
    expect(calls).toHaveLength(2);
    expect(dropped).toMatchObject([{ total: 1 }, { total: 2 }]);
  });

  it("refuses a loss that nobody is told of", () => {
    expect(
      thrown(() => rateLimit({ linesPerSecond: 1 } as never, () => {}), "INVALID_OPTION").message,
    ).toContain("llowed");
  });

  it("lets through no more than burst and rate allow, and no less", () => {
    const gaps = fc.array(fc.nat(2_000), { maxLength: 200 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        gaps,
        (rate, burst, steps) => {
          const bucket = new TokenBucket(rate, burst, 0);
          let now = 0;
          let taken = 0;
          let refused = false;
          for (const step of steps) {
            now += step;
            if (bucket.take(now)) taken++;
            else refused = true;
          }
          expect(taken).toBeLessThanOrEqual(burst + (now / 1_000) * rate + 1e-6);
          if (refused) expect(taken).toBeGreaterThanOrEqual(burst);
        },
      ),
    );
  });
});
