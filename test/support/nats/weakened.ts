import { setTimeout as delay } from "node:timers/promises";
import { TimeoutError } from "@nats-io/transport-node";
import type { MsgHdrs, NatsConnection } from "@nats-io/transport-node";

export const MESSAGE_ID = "Nats-Msg-Id";
export const COMPARE_AND_SET = "Nats-Expected-Last-Subject-Sequence";

interface WithHeaders {
  readonly headers?: MsgHdrs;
}

/** The same connection, whose messages have no such header. */
export function withoutHeader(connection: NatsConnection, header: string): NatsConnection {
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "request" && name !== "publish") return value.bind(target);
      return (subject: string, payload: Uint8Array, options?: WithHeaders): unknown => {
        options?.headers?.delete(header);
        return value.call(target, subject, payload, options);
      };
    },
  });
}

/** The same connection, whose requests on such subjects are sent so many milliseconds later. */
export function withLatency(
  connection: NatsConnection,
  subjects: RegExp,
  delayMs: () => number,
): NatsConnection {
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "request") return value.bind(target);
      return async (subject: string, ...rest: unknown[]): Promise<unknown> => {
        if (subjects.test(subject)) await delay(delayMs());
        return value.call(target, subject, ...rest);
      };
    },
  });
}

/** The same connection, to which such a key of a bucket is absent: as to one whose bucket is led by a node that lags behind. */
export function withoutKeys(connection: NatsConnection, prefix: string): NatsConnection {
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "request") return value.bind(target);
      return (subject: string, payload: unknown, ...rest: unknown[]): unknown => {
        if (!subject.includes(".MSG.GET.") || !(payload instanceof Uint8Array))
          return value.call(target, subject, payload, ...rest);
        const asked = Buffer.from(payload).toString();
        const other = asked.replace(`.${prefix}.`, `.${prefix}-absent.`);
        return value.call(target, subject, Buffer.from(other), ...rest);
      };
    },
  });
}

/**
 * The same connection to a server that checks an entry's revision so many milliseconds before it writes, as clusters of 2.9 do. That a key is
 * absent is checked while it is written.
 */
export function withEarlyCheck(connection: NatsConnection, earlyMs: number): NatsConnection {
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "request") return value.bind(target);
      return async (
        subject: string,
        payload: unknown,
        options?: WithHeaders,
        ...rest: unknown[]
      ): Promise<unknown> => {
        const revision = Number(options?.headers?.get(COMPARE_AND_SET) ?? 0);
        if (revision > 0 && (await revisionOf(target, subject)) === revision) {
          await delay(earlyMs);
          options?.headers?.delete(COMPARE_AND_SET);
        }
        return value.call(target, subject, payload, options, ...rest);
      };
    },
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
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "request") return value.bind(target);
      return async (subject: string, ...rest: unknown[]): Promise<unknown> => {
        if (subjects.test(subject) && left-- > 0) throw new TimeoutError();
        return value.call(target, subject, ...rest);
      };
    },
  });
}

/** The same connection, on which the first consumer of such a filter finds nothing: as on a node that lacks messages. */
export function withEmptyConsumer(connection: NatsConnection, filter: string): NatsConnection {
  const other = filter.replace(">", "nowhere");
  let isFirst = true;
  return new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "request") return value.bind(target);
      return (subject: string, payload: unknown, ...rest: unknown[]): unknown => {
        const isTold = isFirst && /CONSUMER\.(?:DURABLE\.)?CREATE/.test(subject);
        if (!isTold || !(payload instanceof Uint8Array))
          return value.call(target, subject, payload, ...rest);
        isFirst = false;
        const config = Buffer.from(payload).toString().replace(`"${filter}"`, `"${other}"`);
        return value.call(target, subject.replace(filter, other), Buffer.from(config), ...rest);
      };
    },
  });
}
