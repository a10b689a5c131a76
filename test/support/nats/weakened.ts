import { setTimeout as delay } from "node:timers/promises";
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
