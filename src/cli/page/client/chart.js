import { make, makeSvg, setText } from "./dom.js";
import { clock } from "./format.js";
import { area, line, roundTop } from "./scale.js";

/** @typedef {import("../messages.ts").Sample} Sample */

/**
 * @typedef {object} Series
 * @property {keyof Sample} key
 * @property {string} label
 * @property {"line" | "area" | "limit"} [as] default "line"; a limit is drawn only where the others come near it
 */

/**
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {string} unit
 * @property {"decimal" | "binary"} base
 * @property {(value: number) => string} format
 * @property {readonly Series[]} series
 */

const HEIGHT = 140;
const MARGIN = { left: 56, right: 10, top: 10, bottom: 22 };
/** Samples that are so far apart are not joined. */
const GAP_MS = 8_000;
const MINUTE_MS = 60_000;
const NARROW = 420;

/** One line chart. Arrow keys, or a pointer, show the values of a moment in the legend. */
export class Chart {
  /** @type {ChartOptions} */
  #options;
  #svg = makeSvg("svg", { role: "img", tabindex: 0, height: HEIGHT });
  #moment = make("span", { class: "moment" });
  /** @type {HTMLElement[]} */
  #values = [];
  /** @type {readonly Sample[]} */
  #samples = [];
  #historyMs = 1;
  /** The moment that is looked at: how many samples before the last one. @type {number | undefined} */
  #back;

  /** @param {ChartOptions} options */
  constructor(options) {
    this.#options = options;
    const { title, unit, series } = options;
    this.#values = series.map(() => make("b"));
    const legend = series.map(({ label, as }, index) =>
      make("li", { class: kind(index, as) }, label, " ", this.#values[index] ?? ""),
    );
    const head = make(
      "figcaption",
      {},
      make("h3", {}, title),
      make("span", {}, unit),
      this.#moment,
    );
    this.element = make("figure", { class: "chart" }, head, this.#svg, make("ul", {}, ...legend));
    new ResizeObserver(() => this.#paint()).observe(this.element);
    this.#listen();
  }

  /**
   * @param {readonly Sample[]} samples
   * @param {number} historyMs
   */
  draw(samples, historyMs) {
    this.#samples = samples;
    this.#historyMs = historyMs;
    this.#paint();
  }

  /** What it shows, in words. */
  get words() {
    const { title, unit, series, format } = this.#options;
    const sample = this.#looked;
    if (sample === undefined) return `${title}, ${unit}: nothing yet`;
    const values = series.map(({ key, label }) => `${label} ${format(sample[key])}`);
    return `${title}, ${unit}, at ${clock(sample.at)} UTC: ${values.join(", ")}`;
  }

  get #looked() {
    return this.#samples.at(-1 - (this.#back ?? 0));
  }

  #listen() {
    const svg = this.#svg;
    svg.addEventListener("pointermove", ({ offsetX }) => this.#look(this.#backAt(offsetX)));
    svg.addEventListener("pointerleave", () => this.#look(undefined));
    svg.addEventListener("blur", () => this.#look(undefined));
    svg.addEventListener("keydown", (event) => {
      const back = this.#back ?? 0;
      if (event.key === "ArrowLeft") this.#look(back + (event.shiftKey ? 30 : 1));
      else if (event.key === "ArrowRight") this.#look(back - (event.shiftKey ? 30 : 1));
      else if (event.key === "Escape") this.#look(undefined);
      else return;
      event.preventDefault();
    });
  }

  /** @param {number | undefined} back */
  #look(back) {
    this.#back =
      back === undefined ? undefined : Math.max(0, Math.min(this.#samples.length - 1, back));
    this.#paint();
  }

  /** @param {number} x */
  #backAt(x) {
    const at = this.#end - this.#historyMs * (1 - (x - MARGIN.left) / this.#width);
    const index = this.#samples.findIndex((sample) => sample.at >= at);
    return index === -1 ? 0 : this.#samples.length - 1 - index;
  }

  get #end() {
    return this.#samples.at(-1)?.at ?? 0;
  }

  /** Of the plot. */
  get #width() {
    return Math.max(1, this.#svg.clientWidth - MARGIN.left - MARGIN.right);
  }

  #paint() {
    const { series, format } = this.#options;
    const sample = this.#looked;
    for (const [index, { key }] of series.entries()) {
      const value = this.#values[index];
      if (value !== undefined) setText(value, sample === undefined ? "" : format(sample[key]));
    }
    setText(this.#moment, sample === undefined || this.#back === undefined ? "" : clock(sample.at));
    this.#svg.setAttribute("aria-label", this.words);
    if (this.#svg.clientWidth > 0) this.#svg.replaceChildren(...this.#picture());
  }

  #picture() {
    const { base, series } = this.#options;
    const most = (/** @type {Series} */ { key }) =>
      Math.max(0, ...this.#samples.map((sample) => sample[key]));
    const top = roundTop(Math.max(...series.filter(({ as }) => as !== "limit").map(most)), base);
    const height = HEIGHT - MARGIN.top - MARGIN.bottom;
    const x = (/** @type {number} */ at) =>
      MARGIN.left + this.#width * (1 - (this.#end - at) / this.#historyMs);
    const y = (/** @type {number} */ value) => MARGIN.top + height * (1 - value / top);
    const lines = series.flatMap((one, index) =>
      one.as === "limit" && most(one) > top ? [] : this.#line(one, index, x, y),
    );
    return [...this.#axes(top, x, y), ...lines, ...this.#cursor(x)];
  }

  /**
   * @param {number} top
   * @param {(at: number) => number} x
   * @param {(value: number) => number} y
   */
  #axes(top, x, y) {
    const right = MARGIN.left + this.#width;
    const levels = [0, top / 2, top].flatMap((value) => [
      makeSvg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) }),
      makeSvg(
        "text",
        { x: MARGIN.left - 8, y: y(value) + 4, "text-anchor": "end" },
        this.#options.format(value),
      ),
    ]);
    const every = this.#width < NARROW ? 2 : 1;
    const minutes = Math.floor(this.#historyMs / MINUTE_MS);
    const times = Array.from({ length: minutes + 1 }, (_, back) => back)
      .filter((back) => back % every === 0)
      .map((back) =>
        makeSvg(
          "text",
          {
            x: x(this.#end - back * MINUTE_MS),
            y: HEIGHT - 4,
            "text-anchor": back === 0 ? "end" : "middle",
          },
          back === 0 ? "now" : `−${back} min`,
        ),
      );
    return [...levels, ...times];
  }

  /**
   * @param {Series} series
   * @param {number} index
   * @param {(at: number) => number} x
   * @param {(value: number) => number} y
   */
  #line({ key, as }, index, x, y) {
    /** @type {[number, number][]} */
    const points = this.#samples.map((sample) => [x(sample.at), y(sample[key])]);
    const widest = (GAP_MS / this.#historyMs) * this.#width;
    const d = as === "area" ? area(points, widest, y(0)) : line(points, widest);
    return [makeSvg("path", { class: `line ${kind(index, as)}`, d })];
  }

  /** @param {(at: number) => number} x */
  #cursor(x) {
    const sample = this.#looked;
    if (sample === undefined || this.#back === undefined) return [];
    const at = x(sample.at);
    return [
      makeSvg("line", {
        class: "cursor",
        x1: at,
        x2: at,
        y1: MARGIN.top,
        y2: HEIGHT - MARGIN.bottom,
      }),
    ];
  }
}

/**
 * How it is drawn.
 *
 * @param {number} index
 * @param {Series["as"]} as
 */
function kind(index, as = "line") {
  return as === "line" ? `series-${index + 1}` : as;
}
