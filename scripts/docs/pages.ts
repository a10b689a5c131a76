import { fieldsOf, membersOf, renderTable } from "./tables.ts";

/** What stands between the marks of a page, by the mark's name. */
type Tables = Readonly<Record<string, () => string>>;

const optionsTable = (file: string, type: string) => (): string =>
  renderTable(["option", "type", "meaning"], fieldsOf({ file, type }));
const fieldsTable = (file: string, type: string) => (): string =>
  renderTable(["field", "type", "meaning"], fieldsOf({ file, type }));
const unionTable = (file: string, type: string, key: string) => (): string =>
  renderTable([key, "with", "meaning"], membersOf({ file, type }, key));

/** Each code leads to its section. */
function codesTable(): string {
  const rows = membersOf({ file: "src/errors.ts", type: "ErrorCode" }, "code").map(
    ({ name, comment }) => `| [\`${name}\`](#${name.toLowerCase()}) | ${comment} |`,
  );
  return ["| code | meaning |", "| --- | --- |", ...rows].join("\n");
}

/** The pages with tables that are made from the types, by their file. After a change: `npm run docs:tables`. */
export const PAGES: Readonly<Record<string, Tables>> = {
  "docs/options.md": {
    SourceOptions: optionsTable("src/source/options.ts", "SourceOptions"),
    PoolOptions: optionsTable("src/pool/options.ts", "PoolOptions"),
    ContainerSelector: optionsTable("src/pool/discovery/selector.ts", "ContainerSelector"),
    DeliveryOptions: optionsTable("src/delivery/sink.ts", "DeliveryOptions"),
    EngineOptions: optionsTable("src/engine/engine-options.ts", "EngineOptions"),
  },
  "docs/errors.md": { ErrorCode: codesTable },
  "docs/formats.md": {
    NdjsonOptions: optionsTable("src/formats/ndjson.ts", "NdjsonOptions"),
    LokiOptions: optionsTable("src/formats/loki.ts", "LokiOptions"),
    OtlpOptions: optionsTable("src/formats/otlp.ts", "OtlpOptions"),
    ComposeLogsOptions: optionsTable("src/formats/text.ts", "ComposeLogsOptions"),
    ParsedLine: fieldsTable("src/formats/parse/parsed-line.ts", "ParsedLine"),
    ParseOptions: optionsTable("src/formats/parse/parse-line.ts", "ParseOptions"),
    RedactOptions: optionsTable("src/formats/transform/redact.ts", "RedactOptions"),
    RateLimitOptions: optionsTable("src/formats/transform/rate-limit.ts", "RateLimitOptions"),
  },
  "docs/sinks.md": {
    FileOptions: optionsTable("src/sinks/file.ts", "FileOptions"),
    PostgresOptions: optionsTable("src/sinks/postgres.ts", "PostgresOptions"),
    HttpOptions: optionsTable("src/sinks/http.ts", "HttpOptions"),
    HttpRequestOptions: optionsTable("src/sinks/http/endpoint.ts", "HttpRequestOptions"),
    LokiSinkOptions: optionsTable("src/sinks/loki.ts", "LokiSinkOptions"),
    OtlpSinkOptions: optionsTable("src/sinks/otlp.ts", "OtlpSinkOptions"),
    SyslogOptions: optionsTable("src/sinks/syslog.ts", "SyslogOptions"),
  },
  "docs/statuses.md": {
    SourceStatus: unionTable("src/source/status.ts", "SourceStatus", "type"),
    PoolStatus: unionTable("src/pool/status.ts", "PoolStatus", "type"),
    EndReason: unionTable("src/source/status.ts", "EndReason", "kind"),
    SourceStats: fieldsTable("src/source/status.ts", "SourceStats"),
    PoolStats: fieldsTable("src/pool/status.ts", "PoolStats"),
    Rotation: fieldsTable("src/source/status.ts", "Rotation"),
  },
};

/** The page with its tables as the types are now. @throws Error where a mark is missing */
export function withTables(page: string, tables: Tables): string {
  let text = page;
  for (const [name, table] of Object.entries(tables)) {
    const [begin, end] = [`<!-- begin: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`The page has no marks for ${name}`);
    text = `${text.slice(0, from + begin.length)}\n\n${table()}\n\n${text.slice(to)}`;
  }
  return text;
}

/** The page with the files that it shows, as they are now: the block behind each `<!-- file: PATH -->`. */
export function withFiles(page: string, read: (path: string) => string): string {
  return page.replaceAll(
    /(<!-- file: (\S+) -->\n\n```\w+\n)[^]*?(```\n)/g,
    (_, begin: string, path: string, end: string) => `${begin}${read(path).trimEnd()}\n${end}`,
  );
}
