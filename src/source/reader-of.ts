import type { HeldBody } from "../engine/body.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import { openLogFiles } from "../files/open-log-files.ts";
import { EngineLogReader } from "../stream/engine-log-reader.ts";
import { FileLogReader } from "../stream/file-log-reader.ts";
import type { FollowedLog } from "../stream/followed-log.ts";
import type { LogReader } from "../stream/log-reader.ts";
import type { Way } from "./log-ways.ts";

interface Parts {
  readonly client: EngineClient;
  readonly inspection: Inspection;
  readonly log: FollowedLog;
  /** A stream of the engine that is open already. */
  readonly held: HeldBody | undefined;
  readonly sawBytes: () => void;
}

/** What reads one generation. */
export function readerOf(way: Way, { client, inspection, log, held, sawBytes }: Parts): LogReader {
  return way.via === "files"
    ? new FileLogReader({ client, inspection, ...way, open: openLogFiles, sawBytes })
    : new EngineLogReader(client, inspection, sawBytes, {
        held,
        certain: log.certain,
        tailBound: log.tailBound,
      });
}
