import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "../free-port.ts";
import { Daemon } from "../real-engine/daemon.ts";
import { DIRECTORY_PREFIX, markOwner, obliterate, sweepOrphans } from "../real-engine/leftovers.ts";
import { engineEnvironment } from "../real-engine/programs.ts";

export interface PrometheusOptions {
  /** Ports of 127.0.0.1 with /metrics. */
  readonly targets: readonly number[];
  /** A rule file's content. */
  readonly rules?: string;
  /** Between two scrapes, and between two looks at the rules. */
  readonly everyMs: number;
}

export interface QueriedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: string;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly resultType: string;
    readonly result: readonly {
      readonly metric: Record<string, string>;
      readonly value: readonly [number, string];
    }[] &
      readonly [number, string];
    readonly alerts: readonly FiringAlert[];
  };
}

const START_MS = 30_000;
const END_MS = 10_000;

/** A real Prometheus with its own folder, configuration and port of 127.0.0.1. */
export class Prometheus implements AsyncDisposable {
  readonly url: string;
  readonly #directory: string;
  readonly #daemon: Daemon;
  readonly #exitHook: () => void;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#exitHook = () => obliterate(directory);
    process.once("exit", this.#exitHook);
    this.url = `http://127.0.0.1:${port}`;
    const args = [
      `--config.file=${join(directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ];
    this.#daemon = new Daemon("prometheus", args, {
      logPath: join(directory, "prometheus.log"),
      env: engineEnvironment(),
    });
  }

  /** Starts one; `close()` ends it without a trace. */
  static async start({ targets, rules, everyMs }: PrometheusOptions): Promise<Prometheus> {
    sweepOrphans();
    const directory = mkdtempSync(join(tmpdir(), DIRECTORY_PREFIX));
    markOwner(directory);
    mkdirSync(join(directory, "data"));
    if (rules !== undefined) writeFileSync(join(directory, "rules.yml"), rules);
    const configuration = {
      global: { scrape_interval: `${everyMs}ms`, evaluation_interval: `${everyMs}ms` },
      rule_files: rules === undefined ? [] : ["rules.yml"],
      scrape_configs: [
        {
          job_name: "dockspool",
          scrape_timeout: `${everyMs}ms`,
          static_configs: [{ targets: targets.map((port) => `127.0.0.1:${port}`) }],
        },
      ],
    };
    writeFileSync(join(directory, "prometheus.yml"), JSON.stringify(configuration));
    const prometheus = new Prometheus(directory, await freePort());
    try {
      await prometheus.#daemon.ready(() => prometheus.#isReady(), START_MS);
    } catch (error) {
      await prometheus.close();
      throw error;
    }
    return prometheus;
  }

  /** As it is now. @throws where the expression is none. */
  async query(expression: string): Promise<QueriedSeries[]> {
    const { data } = await this.#ask("query", { query: expression });
    if (data.resultType === "scalar") return [{ labels: {}, value: Number(data.result[1]) }];
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** The value of an expression that has one at most. */
  async value(expression: string): Promise<number | undefined> {
    const series = await this.query(expression);
    if (series.length > 1) throw new Error(`${expression} has ${series.length} values.`);
    return series[0]?.value;
  }

  /** Those that fire. */
  async alerts(): Promise<FiringAlert[]> {
    const { data } = await this.#ask("alerts", {});
    return data.alerts.filter(({ state }) => state === "firing");
  }

  async close(): Promise<void> {
    try {
      await this.#daemon.end("SIGTERM", END_MS);
    } finally {
      obliterate(this.#directory);
      process.removeListener("exit", this.#exitHook);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #isReady(): Promise<boolean> {
    try {
      const { ok } = await fetch(`${this.url}/-/ready`);
      return ok;
    } catch {
      return false;
    }
  }

  async #ask(what: string, parameters: Record<string, string>): Promise<Answer> {
    const answer = await fetch(
      `${this.url}/api/v1/${what}?${new URLSearchParams(parameters).toString()}`,
    );
    const text = await answer.text();
    const parsed: Answer = JSON.parse(text);
    if (parsed.status !== "success") throw new Error(`${JSON.stringify(parameters)}: ${text}`);
    return parsed;
  }
}
