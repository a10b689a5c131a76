import { byId, make, setText } from "./dom.js";
import { count } from "./format.js";
import { KeptLines, passing, searched } from "./kept-lines.js";

/** @typedef {import("../messages.ts").ShownLine} Line */
/** @typedef {import("../messages.ts").NewLines} NewLines */

const MAX_ROWS = 500;
/** So far from its end, in pixels, a list is not at its end. */
const NEAR_END = 40;
const HUES = 8;

/**
 * Whether new lines show. One who scrolls up wants to read, and gets on by scrolling down again.
 *
 * @typedef {{ readonly type: "live" } | { readonly type: "paused", readonly by: "button" | "scrolling" }} Mode
 */

/** The last lines, with their filters. */
export class Lines {
  #kept = new KeptLines();
  #list = byId("line-list", HTMLOListElement);
  #state = byId("line-state", HTMLElement);
  #search = byId("search", HTMLInputElement);
  #container = byId("container", HTMLSelectElement);
  #stream = byId("stream", HTMLSelectElement);
  #pause = byId("pause", HTMLButtonElement);
  /** @type {Mode} */
  #mode = { type: "live" };
  #skipped = 0;
  /** That have come since it was paused. */
  #held = 0;

  constructor() {
    for (const filter of [this.#search, this.#container, this.#stream])
      filter.addEventListener("input", () => this.#showAll());
    this.#pause.addEventListener("click", () =>
      this.#become(
        this.#mode.type === "live" ? { type: "paused", by: "button" } : { type: "live" },
      ),
    );
    this.#list.addEventListener("scroll", () => this.#scrolled());
    this.#tell();
  }

  /** Before those of a new connection come. */
  clear() {
    this.#kept.clear();
    this.#skipped = 0;
    this.#held = 0;
    this.#list.replaceChildren();
  }

  /** @param {NewLines} message */
  add({ lines, skipped }) {
    this.#kept.add(lines);
    this.#skipped += skipped;
    this.#offerContainers();
    if (this.#mode.type === "live") this.#append(lines.filter(this.#passing()));
    else this.#held += lines.length;
    this.#tell();
  }

  /**
   * Shows the lines of that container alone.
   *
   * @param {string} id
   */
  choose(id) {
    this.#offerContainers(id);
    this.#container.value = id;
    this.#showAll();
    this.#search.focus();
  }

  #passing() {
    const { value: text } = this.#search;
    return passing({ text, container: this.#container.value, stream: this.#stream.value });
  }

  #showAll() {
    this.#held = 0;
    this.#list.replaceChildren();
    this.#append(this.#kept.newest(this.#passing(), MAX_ROWS));
    this.#tell();
  }

  /** @param {Mode} mode */
  #become(mode) {
    this.#mode = mode;
    const isPaused = mode.type === "paused";
    this.#pause.setAttribute("aria-pressed", String(isPaused));
    if (isPaused) this.#tell();
    else this.#showAll();
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    const mode = this.#mode;
    if (mode.type === "live" && !isAtEnd) this.#become({ type: "paused", by: "scrolling" });
    else if (mode.type === "paused" && mode.by === "scrolling" && isAtEnd)
      this.#become({ type: "live" });
  }

  /** @param {readonly Line[]} lines */
  #append(lines) {
    const { value } = this.#search;
    const sought = value === "" ? undefined : searched(value);
    this.#list.append(...lines.slice(-MAX_ROWS).map((line) => row(line, sought)));
    while (this.#list.childElementCount > MAX_ROWS) this.#list.firstElementChild?.remove();
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #tell() {
    const shown = this.#list.childElementCount;
    const parts = [
      shown === 0
        ? this.#kept.size === 0
          ? "No line has come yet."
          : "None of the lines that are kept here passes the filters."
        : `${count(shown)} of ${count(this.#kept.size)} kept lines shown.`,
    ];
    if (this.#mode.type === "paused") parts.push(`Paused; ${count(this.#held)} have come since.`);
    if (this.#skipped > 0) parts.push(`${count(this.#skipped)} came too fast to be shown here.`);
    setText(this.#state, parts.join(" "));
  }

  /** @param {string} [besides] */
  #offerContainers(besides) {
    const { names } = this.#kept;
    const chosen = besides ?? this.#container.value;
    if (chosen !== "" && !names.has(chosen)) names.set(chosen, this.#nameOf(chosen));
    const known = [...this.#container.options].slice(1);
    const isSame =
      known.length === names.size &&
      known.every(({ value, text }) => names.get(value)?.trim() === text);
    if (isSame) return;
    const sorted = [...names].toSorted(([, one], [, other]) => one.localeCompare(other));
    const all = this.#container.options[0];
    this.#container.replaceChildren(
      ...(all === undefined ? [] : [all]),
      ...sorted.map(([value, name]) => make("option", { value }, name)),
    );
    this.#container.value = chosen;
  }

  /** @param {string} id */
  #nameOf(id) {
    const option = [...this.#container.options].find(({ value }) => value === id);
    return option?.text ?? id.slice(0, 12);
  }
}

/**
 * @param {Line} line
 * @param {RegExp | undefined} sought
 */
function row({ timestamp, container, name, stream, text, leftOut }, sought) {
  const more = leftOut === 0 ? [] : [make("i", {}, ` … and ${count(leftOut)} more characters`)];
  return make(
    "li",
    { "data-stream": stream },
    make("time", { datetime: timestamp }, timestamp.slice(11, 23)),
    make("span", { class: `name hue-${hue(container)}`, title: name }, name),
    ...(stream === "stderr" ? [make("span", { class: "tag" }, "stderr")] : []),
    make("span", { class: "text", dir: "ltr" }, ...marked(text, sought), ...more),
  );
}

/**
 * @param {string} text
 * @param {RegExp | undefined} sought
 * @returns {(Node | string)[]}
 */
function marked(text, sought) {
  if (sought === undefined) return [text];
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(sought)) {
    parts.push(text.slice(end, index), make("mark", {}, found));
    end = index + found.length;
  }
  return [...parts, text.slice(end)];
}

/**
 * A container keeps its colour.
 *
 * @param {string} id
 */
function hue(id) {
  return Number.parseInt(id.slice(0, 6), 16) % HUES || 0;
}
