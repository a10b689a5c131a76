import type { EngineClient } from "../engine/engine-client.ts";
import type { CheckpointKeeper } from "./keeper.ts";
import type { Checkpoint } from "./store.ts";

/** Of Docker before 23: the fingerprint of its key. */
const FINGERPRINT = /^[A-Z2-7]{4}(?::[A-Z2-7]{4}){11}$/;
/** Of later ones. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** How long to wait until what is moved is saved. */
const SAVE_MS = 60_000;

/** What an engine's id was known by before the engine was updated. */
export interface Former {
  readonly note: Checkpoint | undefined;
  /** By container; those that are saved under the new id by now are left out. */
  readonly positions: ReadonlyMap<string, Checkpoint>;
}

/**
 * Docker 20.10 takes its id from `/etc/docker/key.json`, which Docker 26 does not read any more (measured): an update gives the engine another id. Where
 * nothing was saved under that, the positions of the engine's containers are moved from the old one. An id of the same kind is another machine's, whose
 * containers may have the same ids (clones).
 *
 * @throws DockspoolError CHECKPOINT_UNREADABLE, ENGINE_UNREACHABLE, …; the signal's reason
 */
export async function moveFromFormerId(
  keeper: CheckpointKeeper,
  client: EngineClient,
  id: string,
  signal: AbortSignal,
): Promise<Former | undefined> {
  if (!UUID.test(id)) return undefined;
  if ((await keeper.keys(`${id}/`, signal)).length > 0) return undefined;
  const keys = (await keeper.keys("", signal)).map(parted).filter(isOfFormerId);
  if (keys.length === 0) return undefined;
  const listed = await client.list(signal, { all: true });
  const there = new Set(listed.map((container) => container.id));
  const own = keys.filter(({ container }) => there.has(container));
  const positions = new Map<string, Checkpoint>();
  for (const { key, container } of own) {
    const position = await keeper.load(key, signal);
    if (position === undefined) continue;
    positions.set(container, position);
    const entry = { key: `${id}/${container}`, everyMs: 0, read: () => position, failed: () => {} };
    keeper.changed(entry);
    // Once that is saved.
    keeper.delete(key);
  }
  const [first] = own;
  if (first === undefined) return undefined;
  const note = await keeper.load(first.engine, signal);
  const isSaved = await keeper.saveWithin(SAVE_MS, signal);
  return { note, positions: isSaved && keeper.failure === undefined ? new Map() : positions };
}

interface Parted {
  readonly key: string;
  readonly engine: string;
  readonly container: string;
}

function parted(key: string): Parted {
  const [engine = "", container = ""] = key.split("/");
  return { key, engine, container };
}

function isOfFormerId({ engine }: Parted): boolean {
  return FINGERPRINT.test(engine);
}
