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

/**
 * How far a gauge's least of the last 10 minutes is above its most of an hour ago, beyond what more streams explain. What goes up
 * and down is none, and more streams are none.
 */
export function unexplainedGrowth(gauge: string): string {
  const streams = ofPool("container_streams_active");
  const before = `max_over_time(${gauge}[10m] offset 50m)`;
  const more = `(1 + max_over_time(${streams}[10m])) / (1 + min_over_time(${streams}[10m] offset 50m))`;
  return `sum(clamp_min(min_over_time(${gauge}[10m]) - ${before} * clamp_min(${more}, 1), 0))`;
}
