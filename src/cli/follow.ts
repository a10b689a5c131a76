import { StreamPool } from "../index.ts";
import type { PoolOptions, PoolStatus } from "../index.ts";
import { Absence } from "./absence.ts";
import { coloursOf } from "./colours.ts";
import type { Colours } from "./colours.ts";
import { selectorOf } from "./containers.ts";
import { counted } from "./counted.ts";
import { PlainDisplay } from "./display.ts";
import type { Display } from "./display.ts";
import { listening } from "./listening.ts";
import { serveMetrics } from "./metrics-server.ts";
import { Notices } from "./notices.ts";
import type { Notice } from "./notices.ts";
import { NothingYet } from "./nothing-yet.ts";
import { Output, ReaderGone } from "./output.ts";
import { startPage } from "./page/start-page.ts";
import type { Page } from "./page/start-page.ts";
import { positionsOf } from "./positions.ts";
import type { Positions } from "./positions.ts";
import { printingOf } from "./printing.ts";
import type { Printing } from "./printing.ts";
import { Screen, cursorRest } from "./screen.ts";
import type { Settings } from "./settings.ts";
import { onStopSignal } from "./stop-signals.ts";
import { hasTable } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";
import { layOut } from "./table/layout.ts";
import { PoolView } from "./table/pool-view.ts";
import type { Target } from "./target.ts";
import { wrapped } from "./text-width.ts";

const REDRAW_MS = 250;
const ROTATE_EVERY_MS = 300_000;
/** Of a demo, so that some are seen. */
const ROTATE_DEMO_EVERY_MS = 5_000;

/**
 * Prints lines as they come, until it is asked to stop.
 *
 * @throws DockspoolError; Error
 */
export async function follow(
  target: Target,
  settings: Settings,
  surroundings: Surroundings,
): Promise<void> {
  const begun = Date.now();
  const { stdout, stderr, env } = surroundings;
  const positions = positionsOf(settings.checkpoints);
  const pool = new StreamPool(poolOptions(target, settings, positions));
  const output = new Output(stdout);
  const printing = printingOf(settings, surroundings);
  const colours = coloursOf(stderr, env);
  const absence = new Absence();
  const display =
    settings.format === "lines" && hasTable(surroundings)
      ? screenOf(pool, target, absence, output, printing, surroundings)
      : plainDisplay(pool, absence, output, stderr, colours);
  const unlink = onStopSignal(
    () => void pool.close().catch(() => {}),
    () => display.stop(),
  );
  const notices = new Notices();
  const tell = (notice: Notice | undefined): void => {
    if (notice !== undefined) display.notice(notice);
  };
  pool.on("status", (status: PoolStatus) => {
    tell(absence.of(status, Date.now()));
    tell(notices.of(status));
  });
  const nothingYet = new NothingYet();
  const timer = setInterval(() => {
    tell(nothingYet.of(pool));
    display.draw();
  }, REDRAW_MS);
  const servers: AsyncDisposable[] = [pool];
  try {
    if (settings.metrics !== undefined) {
      const address = settings.metrics;
      const served = await listening("--metrics", address, () => serveMetrics(pool, address));
      servers.push(served);
      tell({ tone: "note", text: `Metrics: ${served.url}` });
    }
    let page: Page | undefined;
    if (settings.page !== undefined) {
      const options = { ...settings.page, label: target.label };
      page = await listening("--page", options, () => startPage(pool, options));
      servers.push(page);
      tell({ tone: "good", text: `Live page: ${page.url}` });
    }
    for await (const batch of pool.batches()) {
      page?.add(batch);
      await display.print(printing.text(batch));
    }
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  } finally {
    clearInterval(timer);
    for (const server of servers.toReversed()) await server[Symbol.asyncDispose]();
    display.stop();
    unlink();
    output.close();
    const columns = stderr.columns ?? Infinity;
    stderr.write(`${summary(pool, Date.now() - begun, columns)}\n`);
  }
  positions?.check();
}

function poolOptions(
  { engine, name, demo }: Target,
  settings: Settings,
  positions: Positions | undefined,
): PoolOptions {
  const { from, multiline, maxStreams, rotateEveryMs } = settings;
  const everyMs = rotateEveryMs ?? (demo === undefined ? ROTATE_EVERY_MS : ROTATE_DEMO_EVERY_MS);
  return {
    engines: { [name]: engine },
    select: selectorOf(settings),
    from,
    maxStreams,
    rotation: { everyMs },
    source: multiline === undefined ? {} : { multiline: { start: multiline } },
    ...(positions === undefined ? {} : { checkpoints: positions }),
  };
}

/** Lines above a table. */
function screenOf(
  pool: StreamPool,
  { label }: Target,
  absence: Absence,
  output: Output,
  { look }: Printing,
  { stdout, env }: Surroundings,
): Display {
  const view = new PoolView(pool, label);
  return new Screen({
    terminal: stdout,
    rest: cursorRest(env),
    output,
    colours: look.colours,
    measure: () => view.measure(),
    table: (room) => layOut(view.look(absence.line(() => pool.health(), Date.now())), room, look),
  });
}

/** Lines alone; an engine that is away is told of again now and then. */
function plainDisplay(
  pool: StreamPool,
  absence: Absence,
  output: Output,
  stderr: Surroundings["stderr"],
  colours: Colours,
): Display {
  return new PlainDisplay(output, stderr, colours, () =>
    absence.reminder(() => pool.health(), Date.now()),
  );
}

/** What happened, in one or more rows that fit where they are shown. */
function summary({ stats }: StreamPool, ms: number, columns: number): string {
  const { lines, rotations, turns, reconnects, gaps, tasks, sockets } = stats;
  const items = [
    `dockspool: ${counted(lines, "line")} in ${(ms / 1_000).toFixed(1)} s`,
    counted(rotations, "rotation"),
    counted(turns, "turn"),
    counted(reconnects, "reconnect"),
    counted(gaps, "gap"),
    `left open: ${counted(tasks, "task")}`,
    counted(sockets, "socket"),
  ];
  return wrapped(items, ", ", columns).join("\n");
}
