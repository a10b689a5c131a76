import { DockspoolError } from "../errors.ts";
import { onAbort } from "../lifetime/abort.ts";
import type { ContainerInfo } from "../wire/records.ts";

/** A call of `attach()` that is under way. */
export class Attachment {
  readonly #container: string;
  readonly #closing = new AbortController();
  readonly #unlink: () => void;
  readonly #detached: string[] = [];
  #info: ContainerInfo | undefined;

  constructor(container: string, parent: AbortSignal) {
    this.#container = container;
    this.#unlink = onAbort(parent, () => this.#closing.abort(parent.reason));
  }

  /** Aborts with the pool, or when the container is detached. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** It is known by now which container is meant. @throws the signal's reason */
  identified(info: ContainerInfo): void {
    this.#info = info;
    this.#decide();
    this.signal.throwIfAborted();
  }

  /** By id, the beginning of one, or name. */
  detached(container: string): void {
    this.#detached.push(container);
    this.#decide();
  }

  release(): void {
    this.#unlink();
  }

  #decide(): void {
    if (!this.#detached.some((container) => this.#isMeant(container))) return;
    const container = this.#container;
    const message = `Container ${container} was detached while it was being attached.`;
    this.#closing.abort(new DockspoolError("CLOSED", message, { container }));
  }

  #isMeant(container: string): boolean {
    const { id, name } = this.#info ?? {};
    return (
      container === this.#container || container === name || id?.startsWith(container) === true
    );
  }
}

/** All calls of `attach()` that are under way. */
export class Attachments {
  readonly #underWay = new Set<Attachment>();

  /** @throws what `work` throws; as the reason of the attachment's signal where it is detached, or the pool is closed */
  async run<T>(
    container: string,
    parent: AbortSignal,
    work: (attachment: Attachment) => Promise<T>,
  ): Promise<T> {
    const attachment = new Attachment(container, parent);
    this.#underWay.add(attachment);
    try {
      return await work(attachment);
    } finally {
      this.#underWay.delete(attachment);
      attachment.release();
    }
  }

  /** Those of this container are given up. */
  detached(container: string): void {
    for (const attachment of this.#underWay) attachment.detached(container);
  }
}
