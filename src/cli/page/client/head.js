import { byId, setText } from "./dom.js";
import { clock, count, seconds, span } from "./format.js";

/** @typedef {import("../messages.ts").Overview} Overview */
/** @typedef {import("../messages.ts").Sample} Sample */
/** @typedef {import("./connection.js").ConnectionState} ConnectionState */

const ICONS = {
  healthy: "healthy.svg",
  degraded: "degraded.svg",
  unhealthy: "unhealthy.svg",
  still: "unhealthy.svg",
};

/** The page's head: whether logs flow, in colour and in words, and the figures that tell it. */
export class Head {
  #head = byId("head", HTMLElement);
  #headline = byId("headline", HTMLElement);
  #reason = byId("reason", HTMLElement);
  #since = byId("since", HTMLElement);
  #announcement = byId("announcement", HTMLElement);
  #icon = byId("icon", HTMLLinkElement);
  /** @type {Overview | undefined} */
  #overview;
  /** The collector's clock less ours, in milliseconds. */
  #ahead = 0;
  /** @type {ConnectionState} */
  #connection = { type: "connecting" };

  /** By the collector's clock. */
  get now() {
    return Date.now() + this.#ahead;
  }

  /** @param {Overview} overview */
  show(overview) {
    this.#overview = overview;
    this.#ahead = overview.at - Date.now();
    this.tick();
  }

  /** @param {ConnectionState} connection */
  connected(connection) {
    this.#connection = connection;
    document.body.classList.toggle("old", connection.type === "lost");
    this.tick();
  }

  /** What grows with time alone. */
  tick() {
    const connection = this.#connection;
    if (connection.type === "lost") this.#showLost(connection.since);
    else if (this.#overview !== undefined) this.#showVerdict(this.#overview);
    this.#figure("last-line", lastLine(this.#overview?.lastLineAt ?? null, this.now));
  }

  /**
   * @param {Sample} sample
   * @param {Overview} overview
   */
  showFigures(sample, { gaps, isReady, tasks, sockets }) {
    this.#figure("flow", count(sample.read));
    this.#figure("tasks", count(tasks));
    this.#figure("sockets", count(sockets));
    this.#figure("lag", seconds(sample.lag));
    const waiting = sample.streamsWaiting === 0 ? "" : `, ${count(sample.streamsWaiting)} waiting`;
    this.#figure(
      "streams",
      `${count(sample.streamsOpen)} of ${count(sample.streamsMax)}${waiting}`,
    );
    this.#figure(
      "gaps",
      gaps === 0 ? "none" : `at ${count(gaps)} ${gaps === 1 ? "place" : "places"}`,
    );
    this.#figure("ready", isReady ? "yes" : "not yet");
  }

  /** @param {number} since by our clock */
  #showLost(since) {
    const headline = "Connection to the collector is lost";
    this.#say("lost", headline, "What stands below is old. It is being tried again.");
    setText(this.#since, `since ${clock(since)} UTC, ${span(Date.now() - since)}`);
    this.#icon.href = "unhealthy.svg";
  }

  /** @param {Overview} overview */
  #showVerdict({ verdict }) {
    this.#say(verdict.tone, verdict.headline, verdict.reason);
    setText(this.#since, `since ${clock(verdict.since)} UTC, ${span(this.now - verdict.since)}`);
    this.#icon.href = ICONS[verdict.tone];
  }

  /**
   * The headline is announced when it changes; the reason has seconds in it that would be announced each time.
   *
   * @param {string} tone
   * @param {string} headline
   * @param {string} reason
   */
  #say(tone, headline, reason) {
    this.#head.dataset["tone"] = tone;
    setText(this.#headline, headline);
    setText(this.#reason, reason);
    setText(this.#announcement, headline);
    const title = `${headline} · dockspool`;
    if (document.title !== title) document.title = title;
  }

  /**
   * @param {string} id
   * @param {string} text
   */
  #figure(id, text) {
    setText(byId(id, HTMLElement), text);
  }
}

/**
 * @param {number | null} at
 * @param {number} now
 */
function lastLine(at, now) {
  if (at === null) return "none yet";
  return now - at < 2_000 ? "just now" : `${span(now - at)} ago`;
}
