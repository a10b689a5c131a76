import { EngineClient } from "../engine/engine-client.ts";
import { DockspoolError } from "../errors.ts";
import { ContainerLogSource } from "../index.ts";
import type { ContainerInfo, SourceOptions } from "../index.ts";
import { compileSelector } from "../pool/discovery/selector.ts";
import { coloursOf } from "./colours.ts";
import { selectorOf } from "./containers.ts";
import { PlainDisplay } from "./display.ts";
import { Notices } from "./notices.ts";
import { Output, ReaderGone } from "./output.ts";
import { positionsOf } from "./positions.ts";
import type { Positions } from "./positions.ts";
import { printingOf } from "./printing.ts";
import type { Settings } from "./settings.ts";
import { onStopSignal } from "./stop-signals.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Target } from "./target.ts";

/**
 * Prints the logs as they are now, one container after the other.
 *
 * @throws DockspoolError; Error where no container is meant
 */
export async function readOnce(
  target: Target,
  settings: Settings,
  surroundings: Surroundings,
): Promise<void> {
  const { stdout, stderr, env } = surroundings;
  const output = new Output(stdout);
  const display = new PlainDisplay(output, stderr, coloursOf(stderr, env));
  const printing = printingOf(settings, surroundings);
  const notices = new Notices();
  const positions = positionsOf(settings.checkpoints);
  const stopping = new AbortController();
  const unlink = onStopSignal(
    () => stopping.abort(),
    () => {},
  );
  try {
    const options = sourceOptions(target, settings, positions);
    for (const container of await findContainers(target, settings, stopping.signal)) {
      if (stopping.signal.aborted) break;
      const source = new ContainerLogSource(container.id, options);
      const close = (): void => void source.close().catch(() => {});
      stopping.signal.addEventListener("abort", close, { once: true });
      source.on("status", (status) => {
        const notice = notices.of({ type: "source", container, status });
        if (notice !== undefined) display.notice(notice);
      });
      try {
        for await (const batch of source.batches()) await display.print(printing.text(batch));
      } catch (error) {
        if (!DockspoolError.is(error, "LOGS_UNREADABLE") && !isGone(error)) throw error;
        const notice = notices.of({ type: "skipped", container, error });
        if (notice !== undefined) display.notice(notice);
      } finally {
        stopping.signal.removeEventListener("abort", close);
      }
    }
  } catch (error) {
    const isAsked = error instanceof ReaderGone || stopping.signal.aborted;
    if (!isAsked) throw error;
  } finally {
    unlink();
    output.close();
  }
  positions?.check();
}

function sourceOptions(
  { engine, name }: Target,
  { from, multiline }: Settings,
  positions: Positions | undefined,
): SourceOptions {
  return {
    engine,
    engineName: name,
    from,
    follow: false,
    ...(multiline === undefined ? {} : { multiline: { start: multiline } }),
    ...(positions === undefined ? {} : { checkpoints: positions }),
  };
}

/** By name; those that are stopped too. */
async function findContainers(
  { engine, name, label }: Target,
  settings: Settings,
  signal: AbortSignal,
): Promise<ContainerInfo[]> {
  const client = new EngineClient(engine, { name });
  const isMeant = compileSelector(selectorOf(settings));
  const found: ContainerInfo[] = [];
  try {
    for (const { id } of await client.list(signal, { all: true })) {
      try {
        const { info } = await client.inspect(id, signal);
        if (isMeant(info)) found.push(info);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    }
  } finally {
    await client.close();
  }
  if (found.length === 0) throw new Error(`No such container at ${label}.`);
  return found.toSorted((a, b) => a.name.localeCompare(b.name));
}

/** It was removed meanwhile. */
function isGone(error: unknown): error is DockspoolError {
  return DockspoolError.is(error, "CONTAINER_NOT_FOUND");
}
