import { checkKeys } from "../checks.ts";
import type { ContainerInfo } from "../wire/records.ts";
import { listed } from "./record.ts";
import type { PlainRecord } from "./record.ts";

export interface DockerLogsOptions {
  /** As `-t` does: the engine's timestamp and a space before each line. Default false. */
  timestamps?: boolean;
}

/**
 * Records as `docker logs` prints them, each line with its end ("\r\n" where the container has a terminal).
 *
 * @throws DockspoolError INVALID_OPTION
 */
export function dockerLogs(
  records: PlainRecord | readonly PlainRecord[],
  options: DockerLogsOptions = {},
): string {
  checkKeys("", options, ["timestamps"]);
  let text = "";
  for (const { timestamp, line, stream } of listed(records)) {
    if (options.timestamps === true) text += `${timestamp} `;
    text += stream === "tty" ? `${line}\r\n` : `${line}\n`;
  }
  return text;
}

export interface ComposeLogsOptions {
  /** As `-t` does: the engine's timestamp before each line, behind the name. Default false. */
  timestamps?: boolean;
  /** Each container's name in a colour of its own. Default false. */
  colors?: boolean;
}

/** The colours of `docker compose`, in its order: cyan, yellow, green, magenta, blue, then the bright ones. */
const COLORS = ["36", "33", "32", "35", "34", "36;1", "33;1", "32;1", "35;1", "34;1"];
/** Names that are known at once; more than a screen ever shows. */
const MAX_NAMES = 1_000;

/**
 * Makes a function that prints records as `docker compose logs` does: `web-1  | text`. Names are padded to the longest one that
 * it has seen, and keep their colours from call to call.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * const print = composeLogs({ timestamps: true });
 * for await (const batch of pool.batches()) process.stdout.write(print(batch));
 */
export function composeLogs(
  options: ComposeLogsOptions = {},
): (records: PlainRecord | readonly PlainRecord[]) => string {
  checkKeys("", options, ["timestamps", "colors"]);
  const { timestamps = false, colors = false } = options;
  const colorOf = new Map<string, string>();
  let width = 0;

  function meet(name: string): void {
    if (colorOf.has(name)) return;
    if (colorOf.size === MAX_NAMES) colorOf.clear();
    colorOf.set(name, COLORS[colorOf.size % COLORS.length] ?? "");
    width = Math.max(width, name.length);
  }

  function prefix(name: string): string {
    const padded = `${name.padEnd(width + 1)} | `;
    return colors ? `\u001b[${colorOf.get(name) ?? ""}m${padded}\u001b[0m` : padded;
  }

  return (records) => {
    const batch = listed(records).map((record) => ({
      record,
      name: composeName(record.container),
    }));
    for (const { name } of batch) meet(name);
    let text = "";
    for (const { record, name } of batch) {
      const start = prefix(name) + (timestamps ? `${record.timestamp} ` : "");
      for (const line of record.line.split("\n")) text += `${start}${line}\n`;
    }
    return text;
  };
}

/** Without the project, where the name is the one that `docker compose` gives by itself. */
function composeName({ name, labels }: ContainerInfo): string {
  const project = labels["com.docker.compose.project"];
  const service = labels["com.docker.compose.service"];
  const number = labels["com.docker.compose.container-number"];
  return name === `${project}-${service}-${number}` ? `${service}-${number}` : name;
}
