/** @typedef {import("../messages.ts").ShownLine} Line */

/**
 * @typedef {object} Filter
 * @property {string} text anywhere in the line, in any case; "" for all
 * @property {string} container id; "" for all
 * @property {string} stream "" for all
 */

const OF_CONTAINER = 500;
const IN_ALL = 6_000;

/** The last lines of each container, so that those of a quiet one are still there while another one writes much. */
export class KeptLines {
  /** @type {Map<string, Line[]>} */
  #byContainer = new Map();
  #size = 0;

  get size() {
    return this.#size;
  }

  /** By id, the names of those that have lines here. */
  get names() {
    return new Map([...this.#byContainer].map(([id, lines]) => [id, lines.at(-1)?.name ?? id]));
  }

  clear() {
    this.#byContainer.clear();
    this.#size = 0;
  }

  /** @param {readonly Line[]} lines */
  add(lines) {
    for (const line of lines) {
      const its = this.#byContainer.get(line.container) ?? [];
      this.#byContainer.set(line.container, its);
      its.push(line);
      this.#size += 1;
      if (its.length >= 2 * OF_CONTAINER) this.#drop(its, its.length - OF_CONTAINER);
    }
    if (this.#size > IN_ALL) this.#shrink();
  }

  /**
   * The newest lines that pass, the oldest first.
   *
   * @param {(line: Line) => boolean} passes
   * @param {number} max
   */
  newest(passes, max) {
    return [...this.#byContainer.values()]
      .flat()
      .filter(passes)
      .toSorted((one, other) => one.number - other.number)
      .slice(-max);
  }

  #shrink() {
    const share = Math.floor(IN_ALL / 2 / this.#byContainer.size);
    for (const [id, lines] of this.#byContainer) {
      this.#drop(lines, lines.length - share);
      if (lines.length === 0) this.#byContainer.delete(id);
    }
  }

  /**
   * @param {Line[]} lines
   * @param {number} count
   */
  #drop(lines, count) {
    this.#size -= lines.splice(0, Math.max(0, count)).length;
  }
}

/**
 * @param {Filter} filter
 * @returns {(line: Line) => boolean}
 */
export function passing({ text, container, stream }) {
  const expression = text === "" ? undefined : searched(text);
  return (line) =>
    (container === "" || line.container === container) &&
    (stream === "" || line.stream === stream) &&
    (expression === undefined || line.text.search(expression) !== -1);
}

/**
 * A text as it stands, in any case.
 *
 * @param {string} text
 */
export function searched(text) {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
}
