import type { EngineFigures, FlowFigures } from "../metrics/figures.ts";

/** One container's. */
interface Flow extends FlowFigures {
  readonly engine: string;
}

/** A source that has ended: what was read of it may still be delivered. */
interface Leaving {
  readonly isDone: boolean;
  readonly flow: Flow;
}

type Sum = { -readonly [K in keyof FlowFigures]: FlowFigures[K] };

/** What was read and delivered of each engine's containers, those that are gone included. */
export class EngineFlows {
  readonly #past: ReadonlyMap<string, Sum>;
  #leaving: Leaving[] = [];

  constructor(engines: Iterable<string>) {
    this.#past = new Map(Array.from(engines, (name) => [name, none()]));
  }

  /** A source has ended. */
  left(source: Leaving): void {
    const done = this.#leaving.filter(({ isDone }) => isDone);
    addTo(this.#past, done);
    this.#leaving = [...this.#leaving.filter((other) => !done.includes(other)), source];
  }

  /** With `flows`, of those that have not ended. */
  with(flows: Iterable<Flow>): EngineFigures[] {
    const sums = new Map(Array.from(this.#past, ([name, sum]) => [name, { ...sum }]));
    addTo(sums, this.#leaving);
    for (const flow of flows) addTo(sums, [{ flow }]);
    return Array.from(sums, ([name, sum]) => ({ name, ...sum }));
  }
}

function addTo(sums: ReadonlyMap<string, Sum>, sources: readonly { readonly flow: Flow }[]): void {
  for (const { flow } of sources) {
    const sum = sums.get(flow.engine);
    if (sum === undefined) continue;
    const { stdout, stderr } = sum.lines;
    sum.lines = { stdout: stdout + flow.lines.stdout, stderr: stderr + flow.lines.stderr };
    sum.bytes += flow.bytes;
    sum.delivered += flow.delivered;
    sum.gaps += flow.gaps;
  }
}

function none(): Sum {
  return { lines: { stdout: 0, stderr: 0 }, bytes: 0, delivered: 0, gaps: 0 };
}
