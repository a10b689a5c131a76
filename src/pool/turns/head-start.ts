import type { EngineClient } from "../../engine/engine-client.ts";
import { FirstFile } from "../../files/first-file.ts";
import { onAbort } from "../../lifetime/abort.ts";
import type { FilesOptions, ReadOptions } from "../../source/read-options.ts";
import { DOCKER_ROOT, firstFileRoot } from "../../stream/log-location.ts";
import type { Inspection } from "../../engine/inspection.ts";
import type { HeldStream, Turn, TurnHolder, Turns } from "../../source/host.ts";
import type { ContainerInfo } from "../../wire/records.ts";

/** How a container is read; how it may be, where nothing is known of it. */
type Reading = (info?: ContainerInfo) => ReadOptions;

/**
 * A log stream that is asked for while its container is being started, before the container can be looked at.
 *
 * Docker locks a container while it starts it. What is asked for meanwhile is answered once it runs, in that order; what is
 * asked for once it has started may come behind its exit, and with `--rm` its log is gone then. (Measured on 20.10: of 60
 * containers that print a line 52 are caught by asking at their start, 60 by asking before.)
 */
export class HeadStart {
  readonly #client: EngineClient;
  readonly #turns: Turns;
  readonly #container: string;
  readonly #reading: Reading;
  #root: string;
  #file: FirstFile | undefined;
  readonly #closing = new AbortController();
  readonly #unlink: () => void;
  #stream: Promise<HeldStream | undefined> | undefined;
  #isStarting = false;
  /** Its log will be in that file: no stream is needed. */
  #isInFile = false;
  #state: "asked" | "taken" | "cancelled" = "asked";
  #holder: TurnHolder | undefined;

  /** Cancelled with `signal`, until somebody takes it. Where files may be read the log's first one is looked for at once. */
  constructor(
    client: EngineClient,
    turns: Turns,
    container: string,
    reading: Reading,
    signal: AbortSignal,
    info?: ContainerInfo,
  ) {
    this.#client = client;
    this.#turns = turns;
    this.#container = container;
    this.#reading = reading;
    const { read, files } = reading(info);
    this.#root = this.#rootOf(files);
    this.#file = read === "engine" ? undefined : new FirstFile(this.#root, container);
    this.#unlink = onAbort(signal, () => this.cancel());
  }

  begin(): void {
    this.#isStarting = true;
    this.#file?.begin();
    if (this.#isInFile && this.#file?.isAwaited === true) return;
    this.#stream ??= this.#open();
  }

  get isStarting(): boolean {
    return this.#isStarting;
  }

  knows(inspection: Inspection): void {
    const { read, files } = this.#reading(inspection.info);
    const root = this.#rootOf(files);
    const attributes = this.#client.givesAttributes(inspection.traits);
    this.#isInFile = read !== "engine" && firstFileRoot(inspection, root, attributes) !== undefined;
    const isElsewhere = root !== this.#root;
    if (!this.#isInFile || isElsewhere) void this.#file?.close();
    if (!this.#isInFile || !isElsewhere) return;
    this.#root = root;
    this.#file = new FirstFile(root, this.#container);
  }

  /**
   * The stream and its turn, which are the caller's from now on. Undefined where it could not be opened, or once `signal`
   * aborts: nothing of it is held then.
   */
  async take(holder: TurnHolder, signal: AbortSignal): Promise<HeldStream | undefined> {
    if (this.#state !== "asked") return undefined;
    this.#state = "taken";
    this.#holder = holder;
    this.#unlink();
    void this.#file?.close();
    const unlink = onAbort(signal, () => this.#closing.abort());
    const held = await this.#stream;
    unlink();
    if (held === undefined || !signal.aborted) return held;
    await giveBack(held);
    return undefined;
  }

  async hasFile(): Promise<boolean> {
    return (await this.#file?.isFound()) === true;
  }

  /** The log's file instead of the stream. The caller is to close it. */
  takeFile(): FirstFile | undefined {
    if (this.#state !== "asked") return undefined;
    this.#cancelStream();
    return this.#file;
  }

  /** Nobody wants it. What was taken is the taker's. */
  cancel(): void {
    if (this.#state !== "asked") return;
    this.#cancelStream();
    void this.#file?.close();
  }

  #rootOf({ root }: FilesOptions): string {
    return root ?? this.#client.dataRoot ?? DOCKER_ROOT;
  }

  #cancelStream(): void {
    this.#state = "cancelled";
    this.#unlink();
    this.#closing.abort();
    void this.#stream?.then((held) => held && giveBack(held));
  }

  async #open(): Promise<HeldStream | undefined> {
    const holder: TurnHolder = {
      stream: () => this.#holder?.stream(),
      yield: () => this.#holder?.yield(),
    };
    const { signal } = this.#closing;
    let turn: Turn | undefined;
    try {
      turn = await this.#turns.take({ holder, interest: "started", queued: () => {} }, signal);
      const body = await this.#client.openLogs(this.#container, signal);
      return { turn, body };
    } catch {
      // The source asks in its own time, and says what is wrong.
      turn?.release();
      return undefined;
    }
  }
}

async function giveBack({ turn, body }: HeldStream): Promise<void> {
  await body.drop();
  turn.release();
}
