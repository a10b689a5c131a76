import { IncomingMessage } from "node:http";
import { onAbort } from "../lifetime/abort.ts";
import { DockspoolError, isError } from "../errors.ts";
import type { DockerModem } from "./engine-options.ts";

export type Query = Readonly<Record<string, string>>;

/** docker-modem makes errors of other statuses and loses the headers with them; they are read here. */
const everyStatus: Readonly<Record<number, true>> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true]),
);

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
    // Of an answer that is no HTTP any more (101) docker-modem says nothing, ever. What it says of the abort comes first.
    const unlink = watched ? onAbort(signal, () => setImmediate(reject, signal.reason)) : () => {};
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
      (error, result) => {
        unlink();
        if (isError(error)) reject(error);
        else if (result instanceof IncomingMessage) resolve(result);
        else
          reject(
            new DockspoolError("ENGINE_RESPONSE", "The modem's dial() gave no HTTP response."),
          );
      },
    );
  });
}
