import type { HeldBody } from "../engine/body.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import type { Inspection } from "../engine/inspection.ts";
import type { TailBound } from "../engine/tail-bound.ts";
import { gluesLines } from "../engine/traits.ts";
import { DockspoolError, codeOf } from "../errors.ts";
import { AttributedFrameDecoder } from "../wire/attributed-frames.ts";
import type { Decoder, Entries, Entry } from "../wire/entry.ts";
import { FrameDecoder } from "../wire/frames.ts";
import { PartedTtyDecoder } from "../wire/parted-tty.ts";
import { StablePartsDecoder } from "../wire/stable-parts.ts";
import { TtyDecoder } from "../wire/tty.ts";
import { CertainLines } from "./certain-lines.ts";
import { ContainerLooks } from "./container-looks.ts";
import { isDamage } from "./failures.ts";
import { LogClock } from "./log-clock.ts";
import type { Entrance, LogReader, ReadEnd, ReadHandlers, ReadQuery, Visit } from "./log-reader.ts";
import type { Tail } from "./tail-size.ts";

/** Ends a read from within, on purpose. */
class Stop extends Error {}

/** The engine was not there to be asked. */
const UNASKED: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOENT"]);

/** What lasts of a log from one reader to the next. */
interface Lasting {
  /** A follow from the log's start that is open already. */
  readonly held?: HeldBody | undefined;
  readonly certain?: CertainLines;
  readonly tailBound?: TailBound;
}

/** Reads one container's log as entries, by the Engine API. */
export class EngineLogReader implements LogReader {
  readonly via = "engine";
  readonly spot = undefined;
  /** What plain reads have shown, where a follow does not bring every line. */
  readonly certain: CertainLines;
  readonly #client: EngineClient;
  readonly #inspection: Inspection;
  readonly #looks: ContainerLooks;
  readonly #sawBytes: () => void;
  readonly #tailBound: TailBound;
  readonly #clock: LogClock;
  #held: HeldBody | undefined;
  #isHolding: () => boolean = () => false;
  #remains: () => readonly Entry[] = () => [];
  #sawStart = false;
  #damage: string | undefined;

  constructor(
    client: EngineClient,
    inspection: Inspection,
    sawBytes: () => void,
    { held, certain, tailBound }: Lasting = {},
  ) {
    this.certain = certain ?? new CertainLines();
    this.#tailBound = tailBound ?? client.tailBounds.of(inspection);
    this.#clock = new LogClock(client.clock);
    this.#client = client;
    this.#inspection = inspection;
    this.#sawBytes = sawBytes;
    this.#looks = new ContainerLooks(client, inspection);
    this.#held = held;
  }

  get isOpen(): boolean {
    return this.#held !== undefined;
  }

  /** What a follow that came to its end has left undecided, where the log is read no further. */
  remains(): readonly Entry[] {
    return this.#remains();
  }

  /** The engine reports damage, and has then dropped some of what stands before it (Docker 26): each read shows another part. */
  get dropsAtDamage(): boolean {
    return this.#damage !== undefined;
  }

  /** What it has reported. */
  get damage(): string | undefined {
    return this.#damage;
  }

  /** The beginning of a line has come that is in no entry yet. */
  get isHolding(): boolean {
    return this.#isHolding();
  }

  get sawStart(): boolean {
    return this.#sawStart;
  }

  get filesAtStart(): undefined {
    return undefined;
  }

  get awaitsDiskSince(): undefined {
    return undefined;
  }

  get isOneFile(): boolean {
    return !this.#inspection.followIsWhole;
  }

  get inspection(): Inspection {
    return this.#inspection;
  }

  /** `tail` as this engine can give it. */
  tail(entries: number): Tail {
    return this.#inspection.traits.exactTail ? entries : "all";
  }

  seek(): Promise<Entrance | undefined> {
    return Promise.resolve(undefined);
  }

  /** Each read looks for the place. */
  passed(): void {}

  /** Its follows end with the container's run. */
  lookNow(): void {}

  allowsTail(entries: number): boolean {
    return this.#tailBound.allows(entries);
  }

  /**
   * "damaged" also where the engine is not asked, since that might end it.
   *
   * @throws DockspoolError as `EngineClient.readLogs`; the signal's reason
   */
  async read(query: ReadQuery, handlers: ReadHandlers, signal: AbortSignal): Promise<ReadEnd> {
    const tail = query.tail === "all" ? 0 : query.tail;
    const bound = this.#tailBound;
    if (!bound.allows(tail)) return "damaged";
    // Of a terminal's lines some are glued together, and what has no end yet is none.
    const enough = this.#inspection.info.tty ? Math.floor(tail / 2) : tail;
    let shown = 0;
    const visit: Visit = (entries) => {
      shown += entries.length;
      return handlers.visit(entries);
    };
    try {
      const end = await this.#read(query, { ...handlers, visit }, signal);
      const isReported = end === "damaged" || typeof end === "object";
      // A tail of one entry that is answered by an error does not end the engine.
      if (shown < enough && end !== "stopped" && !(isReported && tail === 1))
        bound.failed(tail, shown, this.#clock.now());
      if (end === "damaged") bound.sawDamage(this.#clock.now());
      return end;
    } catch (error) {
      const isUnasked = DockspoolError.is(error) && UNASKED.has(codeOf(error.cause));
      if (shown < enough && !isUnasked) {
        if (!signal.aborted) bound.failed(tail, shown, this.#clock.now());
        else if (shown === 0 && tail > 1) bound.closed(tail);
      }
      throw error;
    } finally {
      if (tail > 0 && shown >= tail) bound.shown(tail);
    }
  }

  async #read(
    { follow, tail }: ReadQuery,
    { opened, bytes: came, visit }: ReadHandlers,
    signal: AbortSignal,
  ): Promise<ReadEnd> {
    const { info, traits, running, startedAt } = this.#inspection;
    const held = this.#held;
    this.#held = undefined;
    const isHeld = follow && tail === "all";
    const ofHeld = isHeld ? held?.hasAttributes : undefined;
    const hasAttributes = ofHeld ?? this.#client.givesAttributes(traits);
    let decoder = this.#decoder(startedAt, hasAttributes);
    this.#isHolding = () => decoder.isHolding;
    const goOn = (wish: "stop" | void): void => {
      if (wish === "stop" || decoder.fault !== undefined) throw new Stop();
    };
    const look = (entries: Entries): void | Promise<void> => {
      const wish = visit(entries);
      return wish instanceof Promise ? wish.then(goOn) : goOn(wish);
    };
    const take = (bytes: Buffer, spans: readonly number[]): void | Promise<void> => {
      this.#sawBytes();
      came?.();
      return look(decoder.push(bytes, spans));
    };
    const answered = async (): Promise<void> => {
      // A start between the last look and the answer: what the earlier run left open is told by it alone.
      if (info.tty)
        decoder = this.#decoder((await this.#startedAt(signal)) ?? startedAt, hasAttributes);
      opened?.();
    };
    try {
      if (!isHeld) await held?.drop();
      const starting = running && startedAt === undefined;
      const end = await this.#client.readLogs(
        info,
        { follow, tail, starting },
        traits,
        { opened: answered, take },
        signal,
        isHeld ? held : undefined,
      );
      // Without a length and chunks, a connection that ends is a body that ends.
      if (end === "complete" && decoder.isCutOff) return "cut";
      // A plain read's end is definite: what is left in the decoder is a last line without its end, or is still written.
      if (end === "complete" && follow) this.#remains = () => decoder.end(false);
      else if (end === "complete") await look(decoder.end(await this.#mayGoOn(decoder, signal)));
      return end;
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      const { fault } = decoder;
      if (fault === undefined || !isDamage(fault)) return fault ?? "stopped";
      this.#damage = fault.message;
      return "damaged";
    }
  }

  /** What is left in the decoder may go on, as its container runs, or has started by now. */
  async #mayGoOn({ isHolding }: Decoder, signal: AbortSignal): Promise<boolean> {
    if (this.#inspection.running) return true;
    this.#sawStart = isHolding && !(await this.standsStill(signal));
    return this.#sawStart;
  }

  /** The size at which the engine begins the log's file anew, where it does, and says so. */
  async maxFileBytes(signal: AbortSignal): Promise<number | undefined> {
    return this.#client.logFileBytes(this.#inspection.info, signal);
  }

  runsOn(signal: AbortSignal): Promise<boolean> {
    return this.#looks.runsOn(signal);
  }

  standsStill(signal: AbortSignal): Promise<boolean> {
    return this.#looks.standsStill(signal);
  }

  isThere(signal: AbortSignal): Promise<boolean> {
    return this.#looks.isThere(signal);
  }

  /** Undefined where the container is gone by now. */
  async #startedAt(signal: AbortSignal): Promise<string | undefined> {
    try {
      return (await this.#client.inspect(this.#inspection.info.id, signal)).startedAt;
    } catch (error) {
      if (DockspoolError.is(error)) return undefined;
      throw error;
    }
  }

  #decoder(startedAt: string | undefined, hasAttributes: boolean): Decoder {
    const { info, traits } = this.#inspection;
    if (traits.unstableParts)
      return new StablePartsDecoder(info.tty ? new PartedTtyDecoder() : new FrameDecoder());
    if (!info.tty) return hasAttributes ? new AttributedFrameDecoder() : new FrameDecoder();
    return new TtyDecoder({
      startedAt,
      gluesLines: gluesLines(traits, info.logDriver),
      hasAttributes,
    });
  }
}
