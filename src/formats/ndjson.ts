import { checkKeys } from "../checks.ts";
import { invalidOption } from "../errors.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { listed } from "./record.ts";
import type { PlainRecord } from "./record.ts";

const FIELDS = [
  "timestamp",
  "container",
  "stream",
  "line",
  "truncated",
  "id",
  "attributes",
] as const;
const FORMS = ["full", "once", "name", "id"] as const;

export type NdjsonField = (typeof FIELDS)[number];

export interface NdjsonOptions {
  /** Which fields, in this order. Default: timestamp, container, stream, line, truncated, id, and `attributes` where the record has them. */
  fields?: readonly NdjsonField[];
  /**
   * How a container is written. `"full"` (default): all that is known of it, in each line. `"once"`: in a line of its own,
   * `{"container":{…}}`, before its first record of this call; records hold its id. `"name"` or `"id"`: only that.
   */
  container?: (typeof FORMS)[number];
  /** Which of a container's labels: all (true, the default), none (false), or those of these names. */
  labels?: boolean | readonly string[];
}

/**
 * Records as NDJSON: a JSON object a line, each line with its "\n".
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * ndjson(batch, { fields: ["timestamp", "container", "line"], container: "once", labels: false });
 */
export function ndjson(
  records: PlainRecord | readonly PlainRecord[],
  options: NdjsonOptions = {},
): string {
  checkOptions(options);
  const { fields = FIELDS, container: form = "full", labels = true } = options;
  const told = new Set<string>();
  let text = "";
  for (const record of listed(records)) {
    const { container } = record;
    if (form === "once" && fields.includes("container") && !told.has(container.id)) {
      told.add(container.id);
      text += `${JSON.stringify({ container: withLabels(container, labels) })}\n`;
    }
    const written = fields.map((field) => [field, valueOf(record, field, form, labels)] as const);
    text += `${JSON.stringify(Object.fromEntries(written))}\n`;
  }
  return text;
}

function valueOf(
  record: PlainRecord,
  field: NdjsonField,
  form: NonNullable<NdjsonOptions["container"]>,
  labels: boolean | readonly string[],
): unknown {
  if (field !== "container") return record[field];
  const { container } = record;
  if (form === "full") return withLabels(container, labels);
  return form === "name" ? container.name : container.id;
}

function withLabels(container: ContainerInfo, chosen: boolean | readonly string[]): object {
  if (chosen === true) return container;
  const { labels, ...rest } = container;
  if (chosen === false) return rest;
  const kept = chosen
    .filter((name) => Object.hasOwn(labels, name))
    .map((name) => [name, labels[name]] as const);
  return { ...rest, labels: Object.fromEntries(kept) };
}

function checkOptions({ ...options }: NdjsonOptions): void {
  checkKeys("", options, ["fields", "container", "labels"]);
  const { fields, container } = options;
  for (const field of fields ?? [])
    if (!FIELDS.includes(field)) throw invalidOption("fields", field, FIELDS.join(", "));
  if (container !== undefined && !FORMS.includes(container))
    throw invalidOption("container", container, FORMS.join(", "));
}
