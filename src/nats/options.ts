import type { NatsConnection } from "@nats-io/transport-node";
import { MAX_TIMER_MS, checkMethods, checkNumber } from "../checks.ts";
import { invalidOption } from "../errors.ts";

/** What subjects begin with. */
export const SUBJECT = "logs";

export function checkConnection(connection: NatsConnection): void {
  const methods = ["publish", "request", "subscribe", "status", "rtt", "isClosed"];
  checkMethods("connection", connection, methods, "a NatsConnection of @nats-io/transport-node");
}

/** As NATS takes the names of streams and buckets. */
export function checkName(place: string, name: unknown): void {
  if (typeof name === "string" && /^[-\w]+$/.test(name)) return;
  throw invalidOption(place, name, 'a name of letters, digits, "_" and "-"');
}

/** Tokens without wildcards. */
export function checkSubject(place: string, subject: unknown): void {
  if (typeof subject === "string" && /^[^\s.*>$]+(\.[^\s.*>$]+)*$/.test(subject)) return;
  throw invalidOption(place, subject, 'a subject without wildcards, such as "logs"');
}

export function checkReplicas(place: string, replicas: unknown): void {
  checkNumber(place, replicas, 1, 5, "nodes");
}

export function checkMs(place: string, value: unknown, min = 1): void {
  checkNumber(place, value, min, MAX_TIMER_MS, "milliseconds");
}
