import { checkKeys } from "../checks.ts";
import { imageName } from "./image.ts";
import { parseLine } from "./parse/parse-line.ts";
import type { PlainRecord } from "./record.ts";

export interface EcsOptions {
  /** True: the line goes through `parseLine`, for `message`, `log.level` and `fields`. Default false. */
  parse?: boolean;
}

/** The version of the Elastic Common Schema whose fields are used. */
const ECS_VERSION = "8.17.0";

/**
 * A record as a document of the Elastic Common Schema. `event.id` is the record's `id`: as the document's `_id` it makes repeats
 * harmless. Where the line is parsed and has a time of its own, that is `event.created`; `@timestamp` is the engine's.
 *
 * @see https://www.elastic.co/docs/reference/ecs
 * @throws DockspoolError INVALID_OPTION
 */
export function ecs(record: PlainRecord, options: EcsOptions = {}): Record<string, unknown> {
  checkKeys("", options, ["parse"]);
  const { container, stream, timestamp, line, id, truncated } = record;
  const { name, tag } = imageName(container.image);
  const parsed = options.parse === true ? parseLine(line) : undefined;
  return {
    "@timestamp": timestamp,
    ecs: { version: ECS_VERSION },
    message: parsed?.message ?? line,
    ...(parsed?.level === undefined ? {} : { log: { level: parsed.level } }),
    event: {
      kind: "event",
      id,
      ...(parsed?.time === undefined ? {} : { created: parsed.time }),
    },
    container: {
      id: container.id,
      name: container.name,
      image: { name, ...(tag === undefined ? {} : { tag: [tag] }) },
      labels: undotted(container.labels),
    },
    // The schema has no field for these: Filebeat's names.
    stream,
    ...(record.attributes === undefined ? {} : { docker: { attrs: undotted(record.attributes) } }),
    ...(truncated ? { tags: ["truncated"] } : {}),
    ...(parsed === undefined || isEmpty(parsed.fields) ? {} : { fields: parsed.fields }),
  };
}

/** Elasticsearch takes "a" and "a.b" for a text and an object of one name: dots become "_", as Filebeat does it. */
function undotted(labels: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(labels).map(
    ([name, value]) => [name.replaceAll(".", "_"), value] as const,
  );
  return Object.fromEntries(entries);
}

function isEmpty(fields: object): boolean {
  return Object.keys(fields).length === 0;
}
