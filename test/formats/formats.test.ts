import { describe, expect, it } from "vitest";
import { composeLogs, dockerLogs, ecs, lokiStreams, ndjson, otlpLogs } from "../../src/formats.ts";
import type { NdjsonField } from "../../src/formats.ts";
import { thrown } from "../support/fake-follow.ts";
import { readOtlpLogs } from "../support/otlp-schema.ts";
import { containerNamed, recordOf } from "../support/plain-records.ts";

const labels = {
  "com.docker.compose.project": "shop",
  "com.docker.compose.service": "web",
  "com.docker.compose.container-number": "1",
};
const web = containerNamed("shop-web-1", { labels });
const db = containerNamed("db");
const record = recordOf("hello", { container: web });
const other = recordOf("select 1", { container: db, stream: "stderr" });

function objects(text: string): unknown[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

describe("ndjson", () => {
  it("writes a record as JSON.stringify does, with its fields in order", () => {
    const [written] = objects(ndjson(record));
    expect(written).toEqual(JSON.parse(JSON.stringify(record)));
    expect(Object.keys(written as object)[0]).toBe("timestamp");
  });

  it("writes the chosen fields alone, a container's name or id", () => {
    const fields: NdjsonField[] = ["line", "container"];
    expect(ndjson([record, other], { fields, container: "name" })).toBe(
      '{"line":"hello","container":"shop-web-1"}\n{"line":"select 1","container":"db"}\n',
    );
    expect(objects(ndjson(record, { fields, container: "id" }))).toEqual([
      { line: "hello", container: web.id },
    ]);
  });

  it("writes each container once in a batch, before its first record", () => {
    const again = recordOf("more", { container: web });
    const text = ndjson([record, other, again], {
      fields: ["line", "container"],
      container: "once",
    });
    expect(objects(text)).toEqual([
      { container: JSON.parse(JSON.stringify(web)) },
      { line: "hello", container: web.id },
      { container: JSON.parse(JSON.stringify(db)) },
      { line: "select 1", container: db.id },
      { line: "more", container: web.id },
    ]);
  });

  it("writes the chosen labels alone", () => {
    const chosen = ["com.docker.compose.service", "toString"];
    expect(objects(ndjson(record, { fields: ["container"], labels: chosen }))).toMatchObject([
      { container: { name: "shop-web-1", labels: { "com.docker.compose.service": "web" } } },
    ]);
    const [none] = objects(ndjson(record, { fields: ["container"], labels: false }));
    expect(none).not.toHaveProperty("container.labels");
  });

  it("writes the attributes of a record that has them, as all formats for machines do", () => {
    const noted = Object.assign(recordOf("x"), { attributes: { "my.tag": "v1" } });
    expect(objects(ndjson(noted))).toEqual([
      JSON.parse(JSON.stringify({ ...noted.toJSON(), attributes: noted.attributes })),
    ]);
    expect(ecs(noted)).toMatchObject({ docker: { attrs: { my_tag: "v1" } } });
    const [{ attributes } = { attributes: [] }] =
      otlpLogs(noted).resourceLogs[0]?.scopeLogs[0]?.logRecords ?? [];
    expect(attributes).toContainEqual({ key: "my.tag", value: { stringValue: "v1" } });
  });

  it("refuses a field that no record has", () => {
    expect(
      thrown(() => ndjson(record, { fields: ["text" as NdjsonField] }), "INVALID_OPTION").message,
    ).toContain("llowed");
  });
});

describe("dockerLogs", () => {
  it("prints as docker logs does, with and without -t, and on a terminal", () => {
    expect(dockerLogs([record, other])).toBe("hello\nselect 1\n");
    expect(dockerLogs(record, { timestamps: true })).toBe(`${record.timestamp} hello\n`);
    expect(dockerLogs(recordOf("top", { stream: "tty" }))).toBe("top\r\n");
  });
});

describe("composeLogs", () => {
  it("prints as docker compose logs does: names without the project, padded to the longest", () => {
    const print = composeLogs();
    expect(print(other)).toBe("db  | select 1\n");
    expect(print([record, other])).toBe("web-1  | hello\ndb     | select 1\n");
    expect(print(recordOf("a\nb", { container: web }))).toBe("web-1  | a\nweb-1  | b\n");
  });

  it("keeps a name that Compose did not give", () => {
    const own = containerNamed("shop", { labels });
    expect(composeLogs()(recordOf("x", { container: own }))).toBe("shop  | x\n");
  });

  it("shows timestamps and, where it is asked, colours", () => {
    expect(composeLogs({ timestamps: true })(other)).toBe(`db  | ${other.timestamp} select 1\n`);
    const print = composeLogs({ colors: true });
    expect(print([other, record])).toBe(
      "\u001b[36mdb     | \u001b[0mselect 1\n\u001b[33mweb-1  | \u001b[0mhello\n",
    );
    expect(print(other)).toBe("\u001b[36mdb     | \u001b[0mselect 1\n");
  });
});

describe("ecs", () => {
  it("puts a record into the schema's fields", () => {
    expect(ecs(record)).toEqual({
      "@timestamp": record.timestamp,
      ecs: { version: "8.17.0" },
      message: "hello",
      event: { kind: "event", id: record.id },
      container: {
        id: web.id,
        name: "shop-web-1",
        image: { name: "registry:5000/team/app", tag: ["1.2"] },
        labels: {
          com_docker_compose_project: "shop",
          com_docker_compose_service: "web",
          "com_docker_compose_container-number": "1",
        },
      },
      stream: "stdout",
    });
  });

  it("takes message, level, time and fields from a parsed line", () => {
    const line = '{"level":50,"time":1795968120000,"msg":"failed","port":8080}';
    expect(ecs(recordOf(line), { parse: true })).toMatchObject({
      "@timestamp": record.timestamp,
      message: "failed",
      log: { level: "error" },
      event: { created: "2026-11-29T16:02:00.000Z" },
      fields: { port: 8080 },
    });
  });

  it("names images without a tag, with a port, and by digest", () => {
    const named = (image: string) =>
      ecs(recordOf("", { container: containerNamed("x", { image }) }))["container"];
    expect(named("localhost:5000/app")).toMatchObject({ image: { name: "localhost:5000/app" } });
    expect(named("app:2@sha256:00")).toMatchObject({ image: { name: "app", tag: ["2"] } });
    expect(named("app@sha256:00")).toMatchObject({ image: { name: "app" } });
  });
});

describe("lokiStreams", () => {
  it("makes a stream of each combination of labels, lines in their order", () => {
    const later = recordOf("later", { container: web, timestamp: "2026-11-23T15:58:35Z" });
    expect(lokiStreams([record, other, later])).toEqual({
      streams: [
        {
          stream: {
            container: "shop-web-1",
            stream: "stdout",
            engine: "default",
            compose_project: "shop",
            compose_service: "web",
          },
          values: [
            ["1795449514885847851", "hello"],
            ["1795449515000000000", "later"],
          ],
        },
        {
          stream: { container: "db", stream: "stderr", engine: "default" },
          values: [["1795449514885847851", "select 1"]],
        },
      ],
    });
  });

  it("keeps labels within Loki's limits, and makes their names valid", () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`l${at}`, "x"]));
    const [stream] = lokiStreams(record, {
      labels: () => ({ "1st.name": "y".repeat(5_000), empty: "", none: undefined, ...many }),
    }).streams;
    expect(Object.keys(stream?.stream ?? {})).toHaveLength(15);
    expect(stream?.stream["_1st_name"]).toHaveLength(2_048);
    // Loki counts bytes.
    const [wide] = lokiStreams(record, { labels: () => ({ a: `y${"😀".repeat(1_000)}` }) }).streams;
    expect(wide?.stream).toEqual({ a: `y${"😀".repeat(511)}` });
  });

  it("keeps metadata beside a line where it is asked", () => {
    const { streams } = lokiStreams(record, {
      labels: () => ({ a: "b" }),
      metadata: ({ id }) => ({ id }),
    });
    expect(streams).toEqual([
      { stream: { a: "b" }, values: [["1795449514885847851", "hello", { id: record.id }]] },
    ]);
  });
});

describe("otlpLogs", () => {
  function asRead(json: unknown) {
    return readOtlpLogs(JSON.stringify(json));
  }

  it("makes a resource of each container, and a log record of each line", () => {
    const { resourceLogs } = asRead(otlpLogs([record, other], { labels: true }));
    expect(resourceLogs).toHaveLength(2);
    const [first] = resourceLogs;
    expect(first?.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: "service.name", value: { stringValue: "web" } },
        { key: "container.name", value: { stringValue: "shop-web-1" } },
        {
          key: "container.image.tags",
          value: { arrayValue: { values: [{ stringValue: "1.2" }] } },
        },
        { key: "container.label.com.docker.compose.project", value: { stringValue: "shop" } },
      ]),
    );
    expect(first?.scopeLogs[0]?.logRecords).toMatchObject([
      {
        timeUnixNano: "1795449514885847851",
        body: { stringValue: "hello" },
        attributes: [
          { key: "log.iostream", value: { stringValue: "stdout" } },
          { key: "log.record.uid", value: { stringValue: record.id } },
        ],
      },
    ]);
  });

  it("takes severity, trace and attributes from a parsed line", () => {
    const line = JSON.stringify({
      level: "warn",
      msg: "slow",
      trace_id: "5b8aa5a2d2c872e8321cf37308d69df2",
      span_id: "051581bf3cb55c13",
      ms: 12,
      ratio: 0.5,
      big: 1e300,
      isLate: true,
      tags: ["a", null, { b: "\ud800" }],
      nothing: null,
    });
    const { resourceLogs } = asRead(otlpLogs(recordOf(line), { parse: true }));
    expect(resourceLogs[0]?.scopeLogs[0]?.logRecords[0]).toMatchObject({
      severityNumber: 13,
      severityText: "WARN",
      body: { stringValue: "slow" },
      traceId: Buffer.from("5b8aa5a2d2c872e8321cf37308d69df2", "hex").toString("base64"),
      attributes: expect.arrayContaining([
        { key: "ms", value: { intValue: "12" } },
        { key: "ratio", value: { doubleValue: 0.5 } },
        { key: "isLate", value: { boolValue: true } },
      ]),
    });
  });

  it("takes no trace that is none", () => {
    const line = JSON.stringify({ msg: "x", trace_id: "0".repeat(32), span_id: "xyz" });
    const { resourceLogs } = asRead(otlpLogs(recordOf(line), { parse: true }));
    expect(resourceLogs[0]?.scopeLogs[0]?.logRecords[0]).not.toHaveProperty("traceId");
  });

  it("has the resource's attributes of the caller", () => {
    const resource = { "service.name": "mine", "service.version": 2 };
    const { resourceLogs } = asRead(otlpLogs(record, { resource }));
    expect(resourceLogs[0]?.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: "service.name", value: { stringValue: "mine" } },
        { key: "service.version", value: { intValue: "2" } },
      ]),
    );
  });
});
