import type { Health, PoolStatus } from "../index.ts";
import { span } from "../pool/health/report.ts";
import type { Notice } from "./notices.ts";

const FIRST_REMINDER_MS = 10_000;
const LONGEST_REMINDER_MS = 300_000;

/** An engine that can't be reached. Times are epoch milliseconds. */
interface Away {
  readonly engine: string;
  readonly since: number;
  readonly remindAt: number;
  readonly remindAfterMs: number;
}

/** Tells that an engine is away once, then ever more seldom, and that it is back. */
export class Absence {
  #away: Away | undefined;

  of(status: PoolStatus, now: number): Notice | undefined {
    if (status.type !== "engine") return undefined;
    const before = this.#away;
    if (status.state === "connected") {
      this.#away = undefined;
      if (before === undefined) return undefined;
      return { tone: "good", text: `The engine is back after ${span(now - before.since)}.` };
    }
    this.#away = {
      engine: status.engine,
      since: now,
      remindAt: now + FIRST_REMINDER_MS,
      remindAfterMs: FIRST_REMINDER_MS,
    };
    return { tone: "trouble", text: "The engine can't be reached; trying again until it is back." };
  }

  /** How it stands, as one line that counts; undefined while the engine is there. */
  line(health: () => Health, now: number): string | undefined {
    if (this.#away === undefined) return undefined;
    const { engine, since } = this.#away;
    const detail = health().components[`engine:${engine}`]?.detail ?? "";
    return `The engine is away for ${span(now - since)}: ${detail}`;
  }

  /** That line, where it is time to say it again. */
  reminder(health: () => Health, now: number): Notice | undefined {
    if (this.#away === undefined || now < this.#away.remindAt) return undefined;
    const remindAfterMs = Math.min(2 * this.#away.remindAfterMs, LONGEST_REMINDER_MS);
    this.#away = { ...this.#away, remindAt: now + remindAfterMs, remindAfterMs };
    const text = this.line(health, now);
    return text === undefined ? undefined : { tone: "trouble", text };
  }
}
