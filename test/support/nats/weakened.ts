import { setTimeout as delay } from "node:timers/promises";
import { TimeoutError } from "@nats-io/transport-node";
import type { MsgHdrs, NatsConnection } from "@nats-io/transport-node";

export const MESSAGE_ID = "Nats-Msg-Id";
export const COMPARE_AND_SET = "Nats-Expected-Last-Subject-Sequence";

type Call = (subject: string, payload?: unknown, options?: WithHeaders) => unknown;

interface WithHeaders {
  readonly headers?: MsgHdrs;
}

/** The same connection, whose calls of these names go through `change`. */
function changed(
  connection: NatsConnection,
  names: readonly string[],
  change: (call: Call, ...args: Parameters<Call>) => unknown,
): NatsConnection {
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (typeof name !== "string" || !names.includes(name)) return value.bind(target);
      const call: Call = (...args) => value.call(target, ...args);
      return (...args: Parameters<Call>): unknown => change(call, ...args);
    },
  });
}

/** The same connection, whose messages have no such header. */
export function withoutHeader(connection: NatsConnection, header: string): NatsConnection {
  return changed(connection, ["request", "publish"], (call, subject, payload, options) => {
    options?.headers?.delete(header);
    return call(subject, payload, options);
  });
}

/** The same connection, whose requests on such subjects are sent so many milliseconds later. */
export function withLatency(
  connection: NatsConnection,
  subjects: RegExp,
  delayMs: () => number,
): NatsConnection {
  return changed(connection, ["request"], async (call, ...args) => {
    if (subjects.test(args[0])) await delay(delayMs());
    return call(...args);
  });
}

/** The same connection, to which such a key of a bucket is absent: as to one whose bucket is led by a node that lags behind. */
export function withoutKeys(connection: NatsConnection, prefix: string): NatsConnection {
  return changed(connection, ["request"], (call, subject, payload, options) => {
    if (!subject.includes(".MSG.GET.") || !(payload instanceof Uint8Array))
      return call(subject, payload, options);
    const asked = Buffer.from(payload).toString();
    const other = asked.replace(`.${prefix}.`, `.${prefix}-absent.`);
    return call(subject, Buffer.from(other), options);
  });
}

/**
 * The same connection to a server that checks an entry's revision so many milliseconds before it writes, as clusters of 2.9 do. That a key is
 * absent is checked while it is written.
 */
export function withEarlyCheck(connection: NatsConnection, earlyMs: number): NatsConnection {
  return changed(connection, ["request"], async (call, subject, payload, options) => {
    const revision = Number(options?.headers?.get(COMPARE_AND_SET) ?? 0);
    if (revision > 0 && (await revisionOf(connection, subject)) === revision) {
      await delay(earlyMs);
      options?.headers?.delete(COMPARE_AND_SET);
    }
    return call(subject, payload, options);
  });
}

/** Of the entry with this subject in a bucket. */
async function revisionOf(connection: NatsConnection, subject: string): Promise<number> {
  const asked = JSON.stringify({ last_by_subj: subject });
  const [, bucket] = subject.split(".");
  const answer = await connection.request(`$JS.API.STREAM.MSG.GET.KV_${bucket}`, asked);
  const { message }: { message?: { seq: number } } = answer.json();
  return message?.seq ?? 0;
}

/** The same connection, on which the first so many requests on such subjects are not answered. */
export function withoutAnswers(
  connection: NatsConnection,
  subjects: RegExp,
  count: number,
): NatsConnection {
  let left = count;
  return changed(connection, ["request"], async (call, ...args) => {
    if (subjects.test(args[0]) && left-- > 0) throw new TimeoutError();
    return call(...args);
  });
}

/** The same connection, on which the first consumer of such a filter finds nothing: as on a node that lacks messages. */
export function withEmptyConsumer(connection: NatsConnection, filter: string): NatsConnection {
  const other = filter.replace(">", "nowhere");
  let isFirst = true;
  return changed(connection, ["request"], (call, subject, payload, options) => {
    const isTold = isFirst && /CONSUMER\.(?:DURABLE\.)?CREATE/.test(subject);
    if (!isTold || !(payload instanceof Uint8Array)) return call(subject, payload, options);
    isFirst = false;
    const config = Buffer.from(payload).toString().replace(`"${filter}"`, `"${other}"`);
    return call(subject.replace(filter, other), Buffer.from(config), options);
  });
}

/** The same connection, on which the first answer to such a request comes only once `meanwhile` has happened. */
export function withLateAnswer(
  connection: NatsConnection,
  subjects: RegExp,
  meanwhile: () => Promise<void>,
): NatsConnection {
  let isFirst = true;
  return changed(connection, ["request"], async (call, ...args) => {
    const isLate = isFirst && subjects.test(args[0]);
    if (isLate) isFirst = false;
    const answer = await call(...args);
    if (isLate) await meanwhile();
    return answer;
  });
}

/** The same connection, on which the first message to such a subject is lost on its way. */
export function withLostMessage(connection: NatsConnection, subjects: RegExp): NatsConnection {
  let isFirst = true;
  return changed(connection, ["publish"], (call, ...args) => {
    const isLost = isFirst && subjects.test(args[0]);
    if (isLost) isFirst = false;
    return isLost ? undefined : call(...args);
  });
}
