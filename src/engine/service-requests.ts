import type { BodyEnd } from "./body.ts";
import { ByteDeadline } from "./byte-deadline.ts";
import type { EngineLink } from "./engine-link.ts";
import { record, string } from "./json.ts";
import { awaitHead } from "./questions.ts";
import type { Questions } from "./questions.ts";
import { readLog } from "./read-log.ts";
import type { LogHandlers } from "./read-log.ts";

/** A service of a swarm, as a manager tells it. */
export interface SwarmService {
  readonly id: string;
  readonly name: string;
  readonly tty: boolean;
}

export interface ServiceLogQuery {
  readonly follow: boolean;
  /** The last so many entries of each task, or "all". */
  readonly tail: number | "all";
  /** Seconds since 1970, with a fraction: entries of that time and later ones. */
  readonly since?: string | undefined;
}

/** What a manager of a swarm is asked of its services. */
export class ServiceRequests {
  readonly #link: EngineLink;
  readonly #questions: Questions;
  readonly #timeoutMs: number;

  constructor(link: EngineLink, questions: Questions, timeoutMs: number) {
    this.#link = link;
    this.#questions = questions;
    this.#timeoutMs = timeoutMs;
  }

  /** By id or name. @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE; the signal's reason */
  inspect(service: string, signal: AbortSignal): Promise<SwarmService> {
    const path = `/services/${encodeURIComponent(service)}`;
    return this.#questions.ask(path, {}, signal, {}, (answer) => {
      const root = record(answer);
      const spec = record(root["Spec"]);
      const container = record(record(spec["TaskTemplate"])["ContainerSpec"]);
      const id = string(root["ID"]);
      if (id === "") return undefined;
      return { id, name: string(spec["Name"]), tty: container["TTY"] === true };
    });
  }

  /**
   * Reads the log of all tasks, as the manager sends it, each entry with its attributes. The result says how the body ended.
   *
   * @throws DockspoolError ENGINE_UNREACHABLE, ENGINE_RESPONSE; what `take` throws; the signal's reason
   */
  async readLogs(
    { id, name, tty }: SwarmService,
    { follow, tail, since }: ServiceLogQuery,
    handlers: LogHandlers,
    signal: AbortSignal,
  ): Promise<BodyEnd> {
    const wait = new ByteDeadline(signal);
    awaitHead(wait, this.#timeoutMs);
    const query = {
      follow: follow ? "1" : "0",
      stdout: "1",
      stderr: "1",
      timestamps: "1",
      details: "1",
      tail: String(tail),
      ...(since === undefined ? {} : { since }),
    };
    try {
      const answer = await this.#link.get(`/services/${id}/logs`, query, wait, signal);
      wait.within(undefined, "");
      await handlers.opened();
      const about = { id, name, tty };
      return await readLog(this.#link, answer, about, handlers, wait, this.#timeoutMs, signal);
    } finally {
      wait.release();
    }
  }
}
