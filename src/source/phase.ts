import type { DockspoolError } from "../errors.ts";
import type { PhaseName } from "../metrics/figures.ts";
import type { EndReason, SourceState } from "./status.ts";

/** Why a stream is closed while its source goes on: to be reopened, to give its turn to others, or because it has ended. */
export type ClosingFor = "rotation" | "turn" | "end of the stream";

/**
 * What a capture does now, with the data that only this phase has. docs/maintainers/architecture.md has the table of phases and
 * transitions.
 */
export type Phase =
  | { readonly type: "idle" }
  /** The engine is asked for the container, a store for its position. */
  | { readonly type: "locating" }
  /** For a turn in the pool. */
  | { readonly type: "waiting" }
  /** The log is asked for, and the engine has not answered. */
  | { readonly type: "opening" }
  /** The engine has answered, and the place in the log is looked for in what comes. */
  | { readonly type: "aligning"; readonly silenceMs: number }
  /** The log is read by plain reads, which have an end. */
  | { readonly type: "catching-up"; readonly isOpened: boolean }
  | { readonly type: "following" }
  | { readonly type: "closing"; readonly for: ClosingFor }
  | { readonly type: "closing"; readonly for: "end of the source"; readonly reason: EndReason }
  | {
      readonly type: "reconnecting";
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: DockspoolError;
    }
  /** The container does not run, and its log was read to the end. */
  | { readonly type: "stopped" }
  | { readonly type: "ended"; readonly reason: EndReason };

export type PhaseType = Phase["type"];

/** As series call it. */
export function phaseName(type: PhaseType): PhaseName {
  return type === "catching-up" ? "catching_up" : type;
}

/** Which phases may follow which. The end leads through "closing" from each of them. */
export const TRANSITIONS: Readonly<Record<PhaseType, readonly PhaseType[]>> = {
  idle: ["locating", "closing"],
  locating: ["waiting", "opening", "catching-up", "reconnecting", "stopped", "closing"],
  waiting: ["locating", "closing"],
  opening: ["aligning", "following", "closing"],
  aligning: ["following", "catching-up", "opening", "closing"],
  "catching-up": ["catching-up", "opening", "following", "closing"],
  following: ["catching-up", "closing"],
  closing: [
    "locating",
    "waiting",
    "opening",
    "catching-up",
    "stopped",
    "reconnecting",
    "closing",
    "ended",
  ],
  reconnecting: ["locating", "closing"],
  stopped: ["locating", "waiting", "opening", "catching-up", "closing"],
  ended: [],
};

/** What a phase waits for, for people; undefined where it waits for nothing. */
export function waitsFor(phase: Phase): string | undefined {
  switch (phase.type) {
    case "locating":
      return "the engine's answer about the container";
    case "waiting":
      return "a turn";
    case "opening":
      return "the response headers";
    case "aligning":
      return "its place in the log";
    case "catching-up":
      return "the end of what the log holds";
    case "closing":
      return phase.for === "rotation"
        ? "the stream's tasks to end, to reopen it"
        : "the stream's tasks to end";
    case "reconnecting":
      return `attempt ${phase.attempt + 1} to reach the log (${phase.error.message})`;
    case "stopped":
      return "the container's start";
    case "idle":
      return "its first consumer";
    default:
      return undefined;
  }
}

/** As `SourceStats.state` calls it. `isRotating`: a rotation is under way. */
export function stateOf(phase: Phase, isRotating: boolean): SourceState {
  switch (phase.type) {
    case "idle":
    case "waiting":
    case "reconnecting":
    case "stopped":
    case "ended":
      return phase.type;
    case "locating":
    case "opening":
    case "aligning":
      return isRotating ? "rotating" : "opening";
    case "catching-up":
      return isRotating ? "rotating" : phase.isOpened ? "streaming" : "opening";
    case "following":
      return isRotating ? "rotating" : "streaming";
    default:
      return phase.for === "rotation" || isRotating ? "rotating" : "streaming";
  }
}
