import { byId, make, setText } from "./dom.js";
import { clock, span } from "./format.js";

/** @typedef {import("../messages.ts").Component} Component */

const COLUMNS = ["Component", "Health", "Detail", "Since"];

/** The table of what health tells of each component. */
export class Health {
  #body = byId("health-rows", HTMLTableSectionElement);

  /**
   * @param {readonly Component[]} components
   * @param {number} now by the collector's clock
   */
  show(components, now) {
    while (this.#body.rows.length > components.length) this.#body.deleteRow(-1);
    while (this.#body.rows.length < components.length) this.#body.append(newRow());
    for (const [index, { name, status, detail, since }] of components.entries()) {
      const row = this.#body.rows[index];
      if (row === undefined) continue;
      row.dataset["status"] = status;
      const texts = [name, status, detail, `${clock(since)} (${span(now - since)})`];
      for (const [column, text] of texts.entries()) {
        const cell = row.cells[column];
        if (cell !== undefined) setText(cell, text);
      }
    }
  }
}

function newRow() {
  const cells = COLUMNS.map((label, index) =>
    index === 0
      ? make("th", { scope: "row", role: "rowheader" })
      : make("td", { role: "cell", "data-label": label }),
  );
  return make("tr", { role: "row" }, ...cells);
}
