import { byId, make, setText } from "./dom.js";
import { count, seconds, span } from "./format.js";

/** @typedef {import("../messages.ts").ContainerRow} ContainerRow */

const COLUMNS = ["Container", "Phase", "For", "Waits for", "Lines/s", "Lines", "Lag", "Health"];

/** The table of containers. Rows keep their place in the document, and so the focus. */
export class Containers {
  #body = byId("container-rows", HTMLTableSectionElement);
  #note = byId("container-note", HTMLElement);
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  /** @type {(id: string) => void} */
  #choose;

  /** @param {(id: string) => void} choose called for a container whose lines are wanted */
  constructor(choose) {
    this.#choose = choose;
  }

  /**
   * @param {readonly ContainerRow[]} containers
   * @param {number} all how many there are
   * @param {number} now by the collector's clock
   */
  show(containers, all, now) {
    const rows = new Map(containers.map((container) => [container.id, this.#row(container, now)]));
    for (const [id, row] of this.#rows) if (!rows.has(id)) row.remove();
    this.#rows = rows;
    this.#arrange([...rows.values()]);
    setText(this.#note, note(containers.length, all));
  }

  /**
   * Only what has another place is moved: that takes the focus away.
   *
   * @param {readonly HTMLTableRowElement[]} order
   */
  #arrange(order) {
    const { activeElement } = document;
    for (const [index, row] of order.entries()) {
      const there = this.#body.rows[index];
      if (there !== row) this.#body.insertBefore(row, there ?? null);
    }
    if (activeElement instanceof HTMLElement && activeElement.isConnected)
      activeElement.focus({ preventScroll: true });
  }

  /**
   * @param {ContainerRow} container
   * @param {number} now
   */
  #row(container, now) {
    const row = this.#rows.get(container.id) ?? this.#newRow(container.id);
    row.dataset["status"] = container.status;
    const { engine, image, illSince } = container;
    const texts = [
      container.name,
      container.phase,
      span(now - container.since),
      container.waitsFor,
      count(container.linesPerSecond),
      count(container.lines),
      container.lag === null ? "" : seconds(container.lag),
      illSince === null ? container.health : `${container.health} for ${span(now - illSince)}`,
    ];
    for (const [index, text] of texts.entries()) {
      const cell = row.cells[index];
      const target = cell?.querySelector("button") ?? cell;
      if (target !== undefined) setText(target, text);
    }
    const first = row.cells[0];
    if (first !== undefined) first.title = engine === "default" ? image : `${image} (${engine})`;
    return row;
  }

  /** @param {string} id */
  #newRow(id) {
    const button = make("button", { type: "button", title: "Show its lines alone" });
    button.addEventListener("click", () => this.#choose(id));
    const cells = COLUMNS.map((label, index) =>
      index === 0
        ? make("th", { scope: "row", role: "rowheader" }, button)
        : make("td", { role: "cell", "data-label": label }),
    );
    return make("tr", { role: "row" }, ...cells);
  }
}

/**
 * @param {number} shown
 * @param {number} all
 */
function note(shown, all) {
  if (all === 0) return "No container is followed.";
  return shown === all
    ? ""
    : `${count(shown)} of ${count(all)} containers are shown, those that need a look first.`;
}
