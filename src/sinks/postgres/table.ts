import { invalidOption } from "../../errors.ts";
import { COLUMNS } from "./copy-text.ts";

/** What is sent to PostgreSQL for one table. */
export interface TableStatements {
  readonly create: string;
  /** Opens a transaction with an empty table for the batch, which this session keeps. */
  readonly begin: string;
  readonly copy: string;
  /** Moves the batch, without those whose id is there already, and ends the transaction. */
  readonly commit: string;
}

/** Of this session alone. The number changes with the columns: a session may be another version's. */
const BATCH = "pg_temp.dockspool_batch_1";

/** @throws DockspoolError INVALID_OPTION */
export function statementsFor(table: string): TableStatements {
  const parts = table.split(".");
  const isName = parts.length <= 2 && parts.every((part) => part !== "" && !part.includes("\0"));
  if (!isName) throw invalidOption("table", table, "a table's name, or a schema's and a table's");
  const name = parts.map(quoted).join(".");
  const columns = Object.keys(COLUMNS).join(", ");
  const typed = Object.entries(COLUMNS).map(
    ([column, type]) => `${column} ${type} ${column === "attributes" ? "" : "NOT NULL"}`,
  );
  const index = quoted(`${parts.at(-1) ?? ""}_time`);
  return {
    // Two processes that create it at once would fail by the catalogue's own index: one waits for the other.
    create: `BEGIN;
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(hashtext('dockspool create'));
CREATE TABLE IF NOT EXISTS ${name} (${typed.join(", ")},
  position bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (id));
CREATE INDEX IF NOT EXISTS ${index} ON ${name} (time);
COMMIT`,
    begin: `BEGIN;
SET LOCAL client_min_messages = warning;
CREATE TEMPORARY TABLE IF NOT EXISTS ${BATCH.replace("pg_temp.", "")} (number integer, ${typed.join(", ")})
  ON COMMIT DELETE ROWS`,
    copy: `COPY ${BATCH} (number, ${columns}) FROM STDIN`,
    commit: `INSERT INTO ${name} (${columns})
  SELECT ${columns} FROM ${BATCH} ORDER BY number ON CONFLICT DO NOTHING;
COMMIT`,
  };
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
