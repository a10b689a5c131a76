import type { ContainerInfo } from "../wire/records.ts";
import { HeldBody } from "./body.ts";
import type { BodyEnd } from "./body.ts";
import { ByteDeadline } from "./byte-deadline.ts";
import type { Answer } from "./contact.ts";
import type { EngineLink } from "./engine-link.ts";
import { awaitHead } from "./questions.ts";
import { readLog } from "./read-log.ts";
import type { LogHandlers } from "./read-log.ts";
import type { EngineTraits } from "./traits.ts";

/** Always both streams: the engine filters after `tail`, and a position must outlive a choice of streams. */
export interface LogQuery {
  readonly follow: boolean;
  /** The last so many entries, or "all". */
  readonly tail: number | "all";
  /** The container may be about to start, which the answer waits for. */
  readonly starting?: boolean;
}

/** What we ask of containers' logs. */
export class LogRequests {
  readonly #link: EngineLink;
  readonly #timeoutMs: number;
  readonly #wantsAttributes: boolean;

  constructor(link: EngineLink, timeoutMs: number, wantsAttributes: boolean) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
    this.#wantsAttributes = wantsAttributes;
  }

  /** Of such an engine, their lines' attributes come with them. */
  giveAttributes({ givesAttributes }: EngineTraits): boolean {
    return this.#wantsAttributes && givesAttributes;
  }

  /**
   * Reads a container's log, or what `open` holds of it. `opened` is awaited when the engine has answered; the result
   * says how the body ended, after response and socket are closed.
   *
   * @throws DockspoolError CONTAINER_NOT_FOUND, ENGINE_UNREACHABLE, ENGINE_RESPONSE, LOGS_UNREADABLE; what `take` throws; the signal's reason
   */
  async read(
    container: ContainerInfo,
    query: LogQuery,
    traits: EngineTraits,
    handlers: LogHandlers,
    signal: AbortSignal,
    held?: HeldBody,
  ): Promise<BodyEnd> {
    const wait = new ByteDeadline(signal);
    const isPatient = query.follow && traits.headersWithFirstLine;
    if (!isPatient) awaitHead(wait, this.#timeoutMs, query.starting);
    const silence = handlers.mayBeSilent ?? (query.follow ? undefined : () => false);
    try {
      const answer = held?.take() ?? (await this.#get(container, query, traits, wait, signal));
      wait.within(undefined, "");
      await handlers.opened();
      const reader = { ...handlers, mayBeSilent: silence };
      return await readLog(this.#link, answer, container, reader, wait, this.#timeoutMs, signal);
    } finally {
      wait.release();
    }
  }

  /**
   * Follows a log from its start: asks for it, and leaves the reading to `read`. The container may be about to start.
   *
   * @throws as that
   */
  async open(id: string, signal: AbortSignal): Promise<HeldBody> {
    const wait = new ByteDeadline(signal);
    awaitHead(wait, this.#timeoutMs, true);
    try {
      const query = { follow: true, tail: "all" } as const;
      const { traits } = this.#link.contact;
      const answer = await this.#get({ id, name: id }, query, traits, wait, signal);
      return new HeldBody(answer, this.giveAttributes(traits));
    } finally {
      wait.release();
    }
  }

  #get(
    container: Pick<ContainerInfo, "id" | "name">,
    { follow, tail }: LogQuery,
    traits: EngineTraits,
    wait: ByteDeadline,
    signal: AbortSignal,
  ): Promise<Answer> {
    // Both streams, since `tail` counts before the choice of streams. Never `since`: the engine reads the log from its start for
    // it, and drops lines (docs/maintainers/engines-quirks.md).
    const parameters = {
      follow: follow ? "1" : "0",
      stdout: "1",
      stderr: "1",
      timestamps: "1",
      tail: String(tail),
      ...(this.giveAttributes(traits) ? { details: "1" } : {}),
    };
    return this.#link.get(`/containers/${container.id}/logs`, parameters, wait, signal, container);
  }
}
