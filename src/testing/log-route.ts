import type { ScriptedContainer } from "./container.ts";
import type { Exchange } from "./exchange.ts";
import { FramedEncoding, type LogEncoding, TerminalEncoding } from "./log-encoding.ts";
import { LogFilter, type LogQuery } from "./log-query.ts";
import { LogResponse } from "./log-response.ts";
import type { Profile } from "./profile.ts";
import { wireFormat } from "./timestamp-format.ts";
import type { Fault } from "./types.ts";

const READABLE_DRIVERS = ["json-file", "local", "journald", "k8s-file", "syslog-with-cache"];

/** Answers GET /containers/{ref}/logs. */
export function respondWithLog(
  exchange: Exchange,
  container: ScriptedContainer,
  query: LogQuery,
  profile: Profile,
  fault: Fault | undefined,
): void {
  if (!READABLE_DRIVERS.includes(container.logDriver)) {
    refuse(exchange, profile);
    return;
  }
  const { contents, tty } = container;
  const kind = tty ? "raw-stream" : "multiplexed-stream";
  const { response } = exchange;
  const type = { "Content-Type": `application/vnd.docker.${kind}` };
  response.writeHead(200, profile.namesLogType ? type : {});
  const body = exchange.body(fault);
  body.begin();
  const stream = new LogResponse({
    log: contents,
    response,
    body,
    filter: new LogFilter(query, profile.since),
    encoding: encodingOf(query, profile, container),
    from: Math.max(contents.base, contents.entries.length - query.tail),
    live: query.follow && container.isUp && !container.deniesRunning,
    k8sFile:
      profile.podmanQuirks && container.logDriver === "k8s-file"
        ? { hasTail: query.tail !== Infinity, follows: query.follow }
        : undefined,
    endEarly: fault !== undefined && "endEarly" in fault ? fault.endEarly : 0,
  });
  exchange.onceOver(container.attach(stream));
}

/** `attributes`: which stand before each entry where they are asked for. */
export function encodingOf(
  query: LogQuery,
  profile: Profile,
  { tty, spec }: ScriptedContainer,
  attributes: Readonly<Record<string, string>> = spec.attributes ?? {},
): LogEncoding {
  const isDocker = profile.flavour === "docker";
  const prefix = {
    format: query.timestamps ? wireFormat(profile.timestamps) : undefined,
    // Podman knows no such thing.
    attributes: query.details && isDocker ? `${escaped(attributes)} ` : "",
  };
  if (!tty) return new FramedEncoding(prefix);
  return new TerminalEncoding(prefix, isDocker ? profile.partBytes : undefined);
}

/** As Docker writes them: sorted, and escaped as Go's `url.QueryEscape` does. */
function escaped(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.map(queryEscaped).join("="))
    .join(",");
}

function queryEscaped(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replaceAll(
      /[!'()*]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
}

function refuse(exchange: Exchange, profile: Profile): void {
  if (profile.flavour === "docker") {
    exchange.json(501, { message: "configured logging driver does not support reading" });
    return;
  }
  const cause = "this container is not logging output";
  const message = `unable to obtain logs: ${cause}`;
  exchange.json(500, { cause, message, response: 500 });
}
