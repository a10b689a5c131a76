/** The labels that a series has, and by which the dashboard's variables choose. */
type Scope = "pool" | "engine" | "container";

const CHOICES: Readonly<Record<Scope, readonly string[]>> = {
  pool: ['instance=~"$instance"'],
  engine: ['instance=~"$instance"', 'engine=~"$engine"'],
  container: ['instance=~"$instance"', 'engine=~"$engine"', 'container_name=~"$container"'],
};

/** A selector of one of dockspool's series. `more`: further matchers. */
function select(scope: Scope, name: string, more: readonly string[]): string {
  return `dockspool_${name}{${[...CHOICES[scope], ...more].join(", ")}}`;
}

export function ofPool(name: string, ...more: string[]): string {
  return select("pool", name, more);
}

export function ofEngine(name: string, ...more: string[]): string {
  return select("engine", name, more);
}

export function ofContainer(name: string, ...more: string[]): string {
  return select("container", name, more);
}

/** So much a second. */
export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

/** A quantile of a histogram's last minutes. `by`: what it is told apart by. */
export function quantile(q: number, selector: string, by: string): string {
  return `histogram_quantile(${q}, sum by (le, ${by}) (${rate(selector)}))`;
}

/** Containers that are read, by a stream or from files. */
export const READ: string = `sum without (engine, phase) (${ofPool("container_phase", 'phase!~"stopped|waiting|ended"')})`;
/** Those that wait, for a stream or for their lease, or are stopped as well. */
export const KNOWN: string = `sum without (engine) (${ofPool("containers")} + ${ofPool("containers_standby")})`;

/**
 * How far a gauge's least of the last 10 minutes is above its most of an hour ago, beyond what more of `causes` explain. What goes up
 * and down is none, and more containers are none. As in the alerts about leaks.
 */
export function unexplainedGrowth(gauge: string, ...causes: string[]): string {
  const before = `max_over_time(${gauge}[10m] offset 50m)`;
  const explained = [before, ...causes.map((cause) => `clamp_min(${growth(cause)}, 1)`)];
  return `sum(clamp_min(min_over_time(${gauge}[10m]) - ${explained.join(" * ")}, 0))`;
}

function growth(cause: string): string {
  return `(1 + max_over_time(${cause}[10m:])) / (1 + min_over_time(${cause}[10m:] offset 50m))`;
}
