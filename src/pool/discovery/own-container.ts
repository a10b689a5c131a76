import type { EngineClient } from "../../engine/engine-client.ts";
import type { Inspection } from "../../engine/inspection.ts";
import { DockspoolError } from "../../errors.ts";
import { unlessAborted } from "../../lifetime/abort.ts";
import type { OwnTraces } from "./self.ts";

/** Which of an engine's containers this process runs in. */
export class OwnContainer {
  readonly #client: EngineClient;
  #ids: ReadonlySet<string> = new Set();
  #finding: Promise<void> | undefined;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  /** Known once `ready` has resolved. */
  is(id: string): boolean {
    return this.#ids.has(id);
  }

  /**
   * Asks the engine where that is needed; once, but for a failure.
   *
   * @throws DockspoolError as `EngineClient.list`; the signals' reasons
   */
  async ready(traces: OwnTraces, life: AbortSignal, signal: AbortSignal): Promise<void> {
    this.#finding ??= this.#find(traces, life);
    try {
      await unlessAborted(this.#finding, signal);
    } catch (error) {
      if (!signal.aborted) this.#finding = undefined;
      throw error;
    }
  }

  async #find(traces: OwnTraces, signal: AbortSignal): Promise<void> {
    this.#ids = new Set(await findOwn(this.#client, traces, signal));
  }
}

/**
 * The container with these traces. Where several share a network and cannot be told apart, all of them: one that follows itself
 * writes what it reads without end.
 *
 * @throws DockspoolError as `EngineClient.list`; the signal's reason
 */
async function findOwn(
  client: EngineClient,
  { id, mayBe, upperDir, madeAt }: OwnTraces,
  signal: AbortSignal,
): Promise<string[]> {
  if (id !== undefined) return [id];
  if (mayBe === undefined) return [];
  const listed = await client.list(signal, { all: true });
  const owner = listed.find((one) => one.id === mayBe);
  const sharers = listed.filter(
    ({ running, networkOf = "" }) =>
      running && networkOf !== "" && (mayBe.startsWith(networkOf) || networkOf === owner?.name),
  );
  if (sharers.length === 0) return [mayBe];
  const candidates = await inspectAll(client, [mayBe, ...sharers.map((one) => one.id)], signal);
  const byFolder = candidates.filter((one) => isSameFolder(one.upperDir, upperDir));
  if (byFolder.length === 1) return byFolder.map(({ info }) => info.id);
  // The engine notes a container's time, and makes its first file a moment later; both by this machine's clock.
  const made = candidates
    .filter(({ createdAt }) => madeAt !== undefined && createdAt <= madeAt)
    .toSorted((a, b) => b.createdAt - a.createdAt);
  const own = made.length > 0 ? made.slice(0, 1) : candidates;
  return own.map(({ info }) => info.id);
}

async function inspectAll(
  client: EngineClient,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Inspection[]> {
  const inspections: Inspection[] = [];
  for (const id of ids) {
    try {
      inspections.push(await client.inspect(id, signal));
    } catch (error) {
      // The owner of a network may be gone while others use it.
      if (!DockspoolError.is(error, "CONTAINER_NOT_FOUND")) throw error;
    }
  }
  return inspections;
}

/** Docker names the folder by a path of its own where the options of a mount would become too long. */
function isSameFolder(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && lastParts(one) === lastParts(other);
}

function lastParts(path: string): string {
  return path.split("/").slice(-2).join("/");
}
