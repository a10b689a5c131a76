import { IncomingMessage } from "node:http";
import { onAbort } from "../lifetime/abort.ts";
import { DockspoolError, isError } from "../errors.ts";
import type { DockerModem } from "./engine-options.ts";

export type Query = Readonly<Record<string, string>>;

/** docker-modem makes errors of other statuses and loses the headers with them; they are read here. */
const everyStatus: Readonly<Record<number, true>> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true]),
);

/** The caller's modem may not know of signals. */
const GIVE_UP_WITHIN_MS = 1_000;

/**
 * A GET request. Resolves when the engine has answered, whatever the status. `watched`: the agent knows when its connection is
 * closed, so the signal's abort is enough to give it up.
 *
 * @throws what docker-modem gives; the signal's reason
 */
export function dial(
  modem: DockerModem,
  path: string,
  query: Query,
  signal: AbortSignal,
  watched: boolean,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    const over = (settle: () => void): void => {
      isOver = true;
      clearTimeout(timer);
      unlink();
      settle();
    };
    const giveUp = (): void => {
      if (!isOver) over(() => reject(signal.reason));
    };
    const answered = (error: unknown, result: unknown): void => {
      if (isOver) {
        if (result instanceof IncomingMessage) result.destroy();
      } else if (isError(error)) over(() => reject(error));
      else if (result instanceof IncomingMessage) over(() => resolve(result));
      else over(() => reject(noAnswer()));
    };
    // What docker-modem says of the abort comes first.
    const unlink = onAbort(signal, () => {
      if (watched) setImmediate(giveUp);
      else timer = setTimeout(giveUp, GIVE_UP_WITHIN_MS);
    });
    const hasQuery = Object.keys(query).length > 0;
    modem.dial(
      {
        path: hasQuery ? `${path}?` : path,
        method: "GET",
        isStream: true,
        statusCodes: everyStatus,
        options: { ...query },
        abortSignal: signal,
      },
      answered,
    );
  });
}

function noAnswer(): DockspoolError {
  return new DockspoolError("ENGINE_RESPONSE", "The modem's dial() gave no HTTP response.");
}
