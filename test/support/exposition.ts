import { Registry } from "prom-client";
import type { RegistryContentType } from "prom-client";
import type { StreamPool } from "../../src/index.ts";
import { registerPrometheus } from "../../src/prometheus.ts";
import type { PrometheusOptions } from "../../src/prometheus.ts";

type Labels = Readonly<Record<string, string>>;

/** One line of a scrape. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** What takes longer, even under load, does not come. */
const PATIENCE_MS = 45_000;

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const COMMENT =
  /^# (?:HELP [a-zA-Z_:][a-zA-Z0-9_:]* .|TYPE [a-zA-Z_:][a-zA-Z0-9_:]* (?:counter|gauge|histogram)$)/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** The text of a scrape, read as Prometheus reads it. Throws where it is none. */
export class Exposition {
  readonly samples: readonly ScrapedSample[];
  /** Series that are announced, also those without a value. */
  readonly types: ReadonlyMap<string, string>;

  constructor(text: string) {
    const lines = text.split("\n").filter((line) => line !== "");
    const comments = lines.filter((line) => line.startsWith("#"));
    for (const line of comments) if (!COMMENT.test(line)) throw new Error(`no comment: ${line}`);
    const types = comments
      .filter((line) => line.startsWith("# TYPE "))
      .map((line) => line.split(" "));
    this.types = new Map(types.map(([, , name = "", type = ""]) => [name, type]));
    this.samples = lines.filter((line) => !line.startsWith("#")).map(parseSample);
    const known = new Set(this.samples.map(({ name, labels }) => JSON.stringify([name, labels])));
    if (known.size < this.samples.length) throw new Error("a sample is there twice");
  }

  /** Those of one series, whose labels have these values besides others. */
  of(name: string, labels: Labels = {}): ScrapedSample[] {
    return this.samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** The only one. */
  value(name: string, labels: Labels = {}): number {
    const [found, another] = this.of(name, labels);
    if (found === undefined || another !== undefined)
      throw new Error(`${name}${JSON.stringify(labels)}: ${JSON.stringify(this.of(name))}`);
    return found.value;
  }

  /** What is not 0. */
  get words(): string {
    const some = this.samples.filter(({ name, value }) => value !== 0 && !name.endsWith("_bucket"));
    return some
      .map(({ name, labels, value }) => `${name}${JSON.stringify(labels)} ${value}`)
      .join("\n");
  }

  sum(name: string, labels: Labels = {}): number {
    return this.of(name, labels).reduce((sum, { value }) => sum + value, 0);
  }
}

function parseSample(line: string): ScrapedSample {
  const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  const number = value === "+Inf" ? Infinity : Number(value);
  if (name === "" || value === "" || Number.isNaN(number)) throw new Error(`no sample: ${line}`);
  return { name, labels: parseLabels(labels), value: number };
}

function parseLabels(text: string): Labels {
  const labels: Record<string, string> = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < text.length;) {
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no labels: ${text}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped: string) =>
      escaped === "n" ? "\n" : escaped,
    );
  }
  return labels;
}

/** A pool's series, on a registry of their own. */
export class Scraper {
  readonly registry: Registry<RegistryContentType>;
  readonly unregister: () => void;

  constructor(pool: StreamPool, options: PrometheusOptions = {}) {
    this.registry = options.registry ?? new Registry();
    this.unregister = registerPrometheus(pool, { ...options, registry: this.registry });
  }

  async scrape(): Promise<Exposition> {
    return new Exposition(await this.registry.metrics());
  }

  /** Scrapes until that is so. */
  async until(test: (scraped: Exposition) => boolean, what = "a condition"): Promise<Exposition> {
    const end = performance.now() + PATIENCE_MS;
    for (let scraped = await this.scrape(); ; scraped = await this.scrape()) {
      if (test(scraped)) return scraped;
      if (performance.now() > end) throw new Error(`never came: ${what}, but ${scraped.words}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
