import type { ContainerInfo } from "../wire/records.ts";
import { readBody } from "./body.ts";
import type { BodyEnd, TakeBytes } from "./body.ts";
import type { ByteDeadline } from "./byte-deadline.ts";
import type { Answer } from "./contact.ts";
import type { EngineLink } from "./engine-link.ts";
import { LogAnswer } from "./log-answer.ts";

/** What a reader of a log does with it. */
export interface LogHandlers {
  /** The engine has answered; nothing is taken before that is done. */
  readonly opened: () => void | Promise<void>;
  readonly take: TakeBytes;
  /**
   * Asked when no byte has come for `connectTimeoutMs`, unless `take` holds them up: false ends the read, true lets it be, and it
   * is not asked again. Default: a follow may be silent, a plain read may not.
   */
  readonly mayBeSilent?: (() => boolean) | undefined;
}

/** Ends a read of what is no log, once it is known what it is. */
class NoLog extends Error {}

/**
 * Reads an answer that should be a log. `wait` is over; from now on it is for each byte.
 *
 * @throws DockspoolError ENGINE_UNREACHABLE, and what `EngineLink.get` throws where the answer is none; what `take` throws; the signal's reason
 */
export async function readLog(
  link: EngineLink,
  answer: Answer,
  container: Pick<ContainerInfo, "id" | "name" | "tty">,
  { take: given, mayBeSilent }: LogHandlers,
  wait: ByteDeadline,
  silenceMs: number,
  signal: AbortSignal,
): Promise<BodyEnd> {
  const log = new LogAnswer(container.tty, link.contact.isForeign(answer.headers));
  const bound = (maySleep: () => boolean): void =>
    wait.within(silenceMs, `no byte for ${silenceMs} ms while the log was read`, maySleep);
  const take = (bytes: Buffer, spans: readonly number[]): void | Promise<void> => {
    wait.came();
    if (!log.isLog(bytes, spans)) {
      if (log.isWhole) throw new NoLog();
      bound(() => false);
      return undefined;
    }
    const taken = given(bytes, spans);
    if (taken === undefined) return undefined;
    wait.hold();
    return taken.finally(() => wait.goOn());
  };
  if (mayBeSilent !== undefined) bound(mayBeSilent);
  try {
    const end = await readBody(answer.body, take, wait.signal, { coalesce: true });
    if (end === "complete" ? log.isOtherAsWhole : log.isOther) throw new NoLog();
    return end;
  } catch (error) {
    const isOver = wait.expired && !signal.aborted;
    if (error instanceof NoLog || (isOver && log.isOther))
      throw link.unexpected(answer, log.text, container);
    throw isOver ? link.failure(error, wait, signal) : error;
  }
}
