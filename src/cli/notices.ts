import { DockspoolError, messageOf } from "../errors.ts";
import type { EndReason, PoolStatus, SourceStatus } from "../index.ts";
import { printable } from "../printable.ts";

/** A sentence about what happened. */
export interface Notice {
  /** "good": somebody came; "note": as it goes; "trouble": somebody should look. */
  readonly tone: "good" | "note" | "trouble";
  readonly text: string;
}

/** A container that could not be read so often in a row is worth a sentence; less passes by itself. */
const TOLD_AT_ATTEMPT = 4;
/** That positions can't be saved is told again after so long. */
const REPEAT_MS = 60_000;

/**
 * What a pool tells, in sentences for people. An engine that is away is its own matter: of what fails for that reason nothing is
 * told.
 */
export class Notices {
  readonly #away = new Set<string>();
  /** Containers that are told of as unreadable. */
  readonly #unreadable = new Set<string>();
  #checkpointsToldAt = -Infinity;

  /** Undefined: not worth a sentence. */
  of(status: PoolStatus, now: number = Date.now()): Notice | undefined {
    switch (status.type) {
      case "attached":
        return good(`+ ${named(status)} (${printable(status.container.image)})`);
      case "detached":
        this.#unreadable.delete(status.container.id);
        return ofEnd(named(status), status.reason);
      case "skipped":
        return trouble(`! ${named(status)} is skipped: ${status.error.message}`);
      case "standby":
        return note(`· ${named(status)} is followed by another process`);
      case "engine":
        if (status.state === "disconnected") this.#away.add(status.engine);
        else this.#away.delete(status.engine);
        return undefined;
      default:
        return this.#ofSource(status.container, status.status, now);
    }
  }

  #ofSource(
    { id, name, engine }: { readonly id: string; readonly name: string; readonly engine: string },
    status: SourceStatus,
    now: number,
  ): Notice | undefined {
    const container = printable(name);
    switch (status.type) {
      case "reconnecting": {
        if (status.attempt < TOLD_AT_ATTEMPT || this.#unreadable.has(id)) return undefined;
        if (this.#away.has(engine)) return undefined;
        this.#unreadable.add(id);
        return trouble(`! ${container} can't be read, trying again: ${messageOf(status.error)}`);
      }
      case "opened":
        return this.#unreadable.delete(id) ? good(`+ ${container} is read again`) : undefined;
      case "rotation-failed":
        return trouble(`! ${container}: a rotation failed: ${status.error.message}`);
      case "gap":
        return trouble(
          `! ${container}: lines are lost: the engine no longer has what came after ${status.after}`,
        );
      case "stalled":
        return note(
          `· ${container}: its stream had stalled for ${status.silentMs} ms; nothing is lost`,
        );
      case "engine-error":
        return trouble(`! ${container}: the engine says: ${printable(status.message)}`);
      case "truncated":
        return note(`· ${container}: a line of ${status.bytes} bytes was cut`);
      case "checkpoint-failed": {
        // It is tried again each second, for each container.
        if (now - this.#checkpointsToldAt < REPEAT_MS) return undefined;
        this.#checkpointsToldAt = now;
        return trouble(`! ${status.error.message}`);
      }
      case "stopped":
        return stopNotice(container, status);
      case "restarted":
        return good(`+ ${container} runs again`);
      case "health":
        if (status.health === "unhealthy") return trouble(`! ${container} is unhealthy`);
        return status.health === "healthy" ? good(`+ ${container} is healthy`) : undefined;
      case "renamed":
        return note(`· ${printable(status.from)} is now called ${printable(status.to)}`);
      default:
        return undefined;
    }
  }
}

function named({ container }: { readonly container: { readonly name: string } }): string {
  return printable(container.name);
}

function stopNotice(
  container: string,
  { exitCode = 0, oomKilled = false }: { readonly exitCode?: number; readonly oomKilled?: boolean },
): Notice {
  const why = oomKilled ? ", out of memory" : "";
  const how = exitCode === 0 ? why : ` with exit code ${exitCode}${why}`;
  return note(`· ${container} has stopped${how}`);
}

function ofEnd(container: string, reason: EndReason): Notice | undefined {
  switch (reason.kind) {
    case "failed":
      return trouble(`! ${container}: ${reason.error.message}`);
    case "removed":
      return note(
        reason.complete
          ? `- ${container} is gone`
          : `- ${container} is gone; its last lines may have gone with it`,
      );
    case "finished":
    case "stopped":
      return note(`- ${container} has ended`);
    default:
      return undefined;
  }
}

/** What ended the command, in one line. */
export function failureText(error: unknown): string {
  return DockspoolError.is(error) ? `${error.code}: ${error.message}` : messageOf(error);
}

function good(text: string): Notice {
  return { tone: "good", text };
}

function note(text: string): Notice {
  return { tone: "note", text };
}

function trouble(text: string): Notice {
  return { tone: "trouble", text };
}
