import { messageOf } from "../../errors.ts";

/** What a pool has of an engine. `since`: by `steadyNow()`. */
export type EngineContact =
  /** The pool has not begun. */
  | { readonly kind: "not asked"; readonly since: number }
  /** It is asked, and has not answered yet; `wasReached`: it had answered before. */
  | { readonly kind: "connecting"; readonly since: number; readonly wasReached: boolean }
  /** Its events come. */
  | { readonly kind: "listening"; readonly since: number }
  /** Its events had died without a word, as a list showed, and none has come since. */
  | { readonly kind: "deaf"; readonly since: number }
  /** It lists its containers, but its answer to the question for events does not begin: it is listed again and again. */
  | { readonly kind: "late"; readonly since: number }
  /** It lists its containers, and does not tell its events: likewise. */
  | { readonly kind: "blind"; readonly since: number; readonly error: unknown }
  /** It can't be reached, or what answers is no engine, which is tried again; `attempts` in a row have failed. */
  | {
      readonly kind: "disconnected";
      readonly since: number;
      readonly error: unknown;
      readonly attempts: number;
    };

/** The engine has answered the last question. */
export function isReached(contact: EngineContact): boolean {
  const { kind } = contact;
  if (kind === "connecting") return contact.wasReached;
  return kind !== "not asked" && kind !== "disconnected";
}

/** Its events come, or have ended and are asked for again. */
export function hasEvents(contact: EngineContact): boolean {
  return contact.kind === "listening" || (contact.kind === "connecting" && contact.wasReached);
}

/** What a pool waits for of an engine, for people. */
export function contactWaitsFor(contact: EngineContact): string | undefined {
  switch (contact.kind) {
    case "not asked":
      return "the pool's beginning";
    case "connecting":
      return "its answer";
    case "listening":
      return "its events";
    case "deaf":
      return "an event, and lists its containers meanwhile";
    case "late":
      return "the first event, and lists its containers meanwhile";
    case "blind":
      return `the next list: ${messageOf(contact.error)}`;
    default:
      return `another attempt: ${messageOf(contact.error)}`;
  }
}
