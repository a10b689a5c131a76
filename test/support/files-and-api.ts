import { EngineClient } from "../../src/engine/engine-client.ts";
import type { Inspection } from "../../src/engine/inspection.ts";
import { openLogFiles } from "../../src/files/open-log-files.ts";
import type { LogLocation } from "../../src/files/log-files.ts";
import { EngineLogReader } from "../../src/stream/engine-log-reader.ts";
import { locateFiles } from "../../src/stream/log-location.ts";
import type { Entry } from "../../src/wire/entry.ts";
import type { RealEngine } from "./real-engine.ts";

/** An entry as text, so that a difference can be read. */
function told({ stream, timestamp, text, ended, attributes, isRest }: Entry): string {
  const noted = attributes === undefined ? "" : ` ${JSON.stringify(attributes)}`;
  const end = ended ? "." : "…";
  return `${timestamp} ${stream}${noted}${isRest === true ? " rest" : ""} ${JSON.stringify(text.toString("latin1"))}${end}`;
}

export interface BothWays {
  readonly files: readonly string[];
  readonly api: readonly string[];
}

/** What the engine says of a container, and where its log lies. */
export async function locate(
  engine: RealEngine,
  id: string,
  attributes: boolean = false,
): Promise<{ client: EngineClient; inspection: Inspection; location: LogLocation }> {
  const client = new EngineClient({ socketPath: engine.ownSocketPath }, { attributes });
  const inspection = await client.inspect(id, new AbortController().signal);
  const located = locateFiles(inspection);
  if (!("location" in located)) throw new Error(located.refusal);
  return { client, inspection, location: located.location };
}

/** A stopped container's whole log, from its files and from the Engine API. */
export async function bothWays(
  engine: RealEngine,
  id: string,
  { attributes = false, ...more }: Partial<LogLocation> = {},
): Promise<BothWays> {
  const { client, inspection, location } = await locate(engine, id, attributes);
  const files: string[] = [];
  const reader = await openLogFiles({ ...location, attributes, ...more }, { type: "start" });
  if (reader === undefined) throw new Error("The log has no files.");
  try {
    for (;;) {
      const news = await reader.next();
      if (news.type === "end" || news.type === "gone") break;
      if (news.type === "hole") files.push(`${news.cause} ${news.offset} ${news.bytes}`);
      else files.push(...Array.from(news.entries, told));
    }
    files.push(...reader.remains().map(told));
  } finally {
    await reader.close();
  }
  const api: string[] = [];
  const plain = new EngineLogReader(client, inspection, () => {});
  await plain.read(
    { follow: false, tail: "all" },
    { visit: (entries) => void api.push(...Array.from(entries, told)) },
    new AbortController().signal,
  );
  return { files, api };
}

/** Lines that a log format has to take pains with, by busybox. Only terminals take the last of them for what they are. */
export const ODD_LINES: string = [
  "echo; echo plain; echo '  spaces  '",
  "printf 'tab\\there\\nreturn\\rback\\r\\n'",
  "printf '\\033[31mred\\033[0m \\001\\002\\177 \\b\\f\\v\\n'",
  "printf 'invalid \\377\\376\\300\\257 \\355\\240\\200 cut \\360\\237\\230\\n'",
  "printf 'nul \\000 within\\n'",
  'printf \'quote " back \\\\ slash / <&> {"log":"x"}\\n\'',
  "printf 'ä € 😀 \\342\\200\\250 \\342\\200\\251 \\357\\277\\275\\n'",
  "yes x | tr -d '\\n' | head -c 16383; echo",
  "yes y | tr -d '\\n' | head -c 16384; echo",
  "yes z | tr -d '\\n' | head -c 16385; echo",
  "yes '\"' | tr -d '\\n' | head -c 100000; echo",
  "yes a | tr -d '\\n' | head -c 16382; echo 😀😀",
  "echo to stderr >&2",
  "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; echo error $i >&2; done",
  "sleep 0.2; printf 'no newline'; sleep 0.2; printf ' at all'",
].join("\n");
