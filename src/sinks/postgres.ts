import { finished } from "node:stream/promises";
import { from } from "pg-copy-streams";
import { checkBoolean, checkKeys, checkMethods, checkText } from "../checks.ts";
import type { Sink } from "../delivery/sink.ts";
import { codeOf, messageOf } from "../errors.ts";
import { copyText } from "./postgres/copy-text.ts";
import { withClient } from "./postgres/session.ts";
import type { PostgresPool } from "./postgres/session.ts";
import { statementsFor } from "./postgres/table.ts";
import { Refusal } from "./refusal.ts";

export type { PostgresClient, PostgresPool, PostgresSubmittable } from "./postgres/session.ts";

export interface PostgresOptions {
  /** The table; default "logs". `"audit.logs"` is one of the schema `audit`. */
  table?: string;
  /** True: the table is created where it does not exist. Default false. */
  create?: boolean;
}

/**
 * A sink that copies records into a table of PostgreSQL, each once: its key is the record's `id`, and a record that is there already is
 * left as it is. A batch is one transaction, so with checkpoints the table holds each line exactly once, whatever process is killed.
 *
 * Needs the packages `pg` and `pg-copy-streams`. The pool is yours: give it an `error` listener, and end it after the delivery. What the
 * server refuses for the data (SQLSTATE classes 22 and 23) is not tried again; everything else is.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * pool.deliver(postgresSink(new pg.Pool({ connectionString }), { table: "logs", create: true }), { name: "postgres" });
 */
export function postgresSink(pool: PostgresPool, options: PostgresOptions = {}): Sink {
  checkMethods("pool", pool, ["connect"], "a Pool of the package pg");
  checkKeys("", options, ["table", "create"]);
  const { table = "logs", create = false } = options;
  checkText("table", table);
  checkBoolean("create", create);
  const statements = statementsFor(table);
  let isCreated = !create;
  return async function postgres(records, { signal }) {
    try {
      await withClient(pool, signal, async (client) => {
        if (!isCreated) await client.query(statements.create);
        isCreated = true;
        await client.query(statements.begin);
        const copy = client.query(from(statements.copy));
        copy.end(copyText(records));
        await finished(copy);
        await client.query(statements.commit);
      });
    } catch (error) {
      throw refusedData(error) ?? error;
    }
  };
}

/** "Data Exception" and "Integrity Constraint Violation" (PostgreSQL, appendix A): the same data would be refused again. */
function refusedData(error: unknown): Refusal | undefined {
  if (!/^2[23]\w{3}$/.test(codeOf(error))) return undefined;
  return new Refusal(`PostgreSQL refused the batch: ${messageOf(error)}`, { cause: error });
}
