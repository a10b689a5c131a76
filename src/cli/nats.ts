import { connect } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { Command, CommanderError, Option } from "commander";
import { messageOf } from "../errors.ts";
import { tailNats } from "../nats.ts";
import type { NatsGap, NatsRecord, NatsTailOptions } from "../nats.ts";
import { coloursOf } from "./colours.ts";
import { EXIT } from "./exit-codes.ts";
import { LineFormat, jsonLine } from "./line-format.ts";
import * as values from "./option-values.ts";
import { Output, ReaderGone } from "./output.ts";
import { Palette } from "./palette.ts";
import { onStopSignal } from "./stop-signals.ts";
import type { Surroundings } from "./surroundings.ts";
import { UsageError } from "./usage-error.ts";

interface Given {
  readonly server: string;
  readonly stream: string;
  readonly subject: string;
  readonly since?: string;
  readonly fromSequence?: number;
  readonly follow: boolean;
  readonly json?: true;
  readonly grep?: RegExp;
}

/** `dockspool nats`: containers' lines out of a stream of NATS JetStream, across all hosts. Resolves with the exit code. */
export async function runNats(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { stdout, stderr } = surroundings;
  const program = commandLine().configureOutput({
    writeOut: (text) => void stdout.write(text),
    writeErr: (text) => void stderr.write(text),
    outputError: () => {},
  });
  const failed = (error: unknown, code: number): number => {
    stderr.write(`dockspool: ${messageOf(error).replace(/^error: /, "")}\n`);
    return code;
  };
  try {
    program.parse([...args], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    if (!(error instanceof CommanderError || error instanceof UsageError)) throw error;
    return failed(error, EXIT.usage);
  }
  const given = program.opts<Given>();
  let connection: NatsConnection;
  try {
    connection = await connect({ servers: given.server.split(","), maxReconnectAttempts: -1 });
  } catch (error) {
    return failed(new Error(`NATS at ${given.server}: ${messageOf(error)}`), EXIT.unreachable);
  }
  const told = tellOf(connection, stderr);
  try {
    await print(connection, program.args, given, surroundings);
    return EXIT.done;
  } catch (error) {
    return failed(error, EXIT.failed);
  } finally {
    await connection.close();
    await told;
  }
}

/** Until the connection is closed. */
async function tellOf(connection: NatsConnection, stderr: Surroundings["stderr"]): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === "disconnect")
      stderr.write(
        `dockspool: the connection to NATS at ${status.server} is lost, and tried again\n`,
      );
    if (status.type === "reconnect")
      stderr.write(`dockspool: NATS at ${status.server} is there again\n`);
  }
}

function commandLine(): Command {
  return new Command("dockspool nats")
    .description("Prints containers' lines out of a stream of NATS JetStream, across all hosts.")
    .usage("[containers] [options]")
    .argument("[containers...]", "by name, or by id or its first 12 digits; default: all")
    .addOption(
      new Option("--server <urls>", "NATS servers, with commas between")
        .argParser((text) => values.text("--server", text))
        .default("nats://127.0.0.1:4222"),
    )
    .addOption(new Option("--stream <name>", "the stream").default("LOGS"))
    .addOption(new Option("--subject <prefix>", "what subjects begin with").default("logs"))
    .addOption(
      new Option("--since <time>", "what arrived since: 90s, 10m or 2d ago, a day, or a time")
        .argParser((text) => values.since("--since", text))
        .conflicts("fromSequence"),
    )
    .addOption(
      new Option("--from-sequence <number>", "begin at this place in the stream").argParser(
        // A stream of a year may have more messages than a log has lines.
        (text) => values.wholeNumber("--from-sequence", text, 1, "", Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(new Option("--no-follow", "what the stream holds now, from its start, then end"))
    .addOption(new Option("--json", "each record as a JSON object of its own, with its sequence"))
    .addOption(
      new Option("--grep <expression>", "only lines that match").argParser((text) =>
        values.expression("--grep", text),
      ),
    )
    .helpOption("-h, --help", "this help")
    .exitOverride();
}

async function print(
  connection: NatsConnection,
  containers: readonly string[],
  given: Given,
  { stdout, stderr, env }: Surroundings,
): Promise<void> {
  const colours = coloursOf(stdout, env);
  const lines = new LineFormat(colours, new Palette(colours));
  const output = new Output(stdout);
  const stop = new AbortController();
  const unlink = onStopSignal(
    () => stop.abort(),
    () => {},
  );
  const { stream, subject, follow, json, grep } = given;
  try {
    const from = fromOf(given);
    const wanted = containers.length === 0 ? {} : { containers };
    const onGap = ({ first, last }: NatsGap): void => {
      stderr.write(`dockspool: ${stream} holds messages ${first} to ${last} no more\n`);
    };
    const options = { stream, subject, follow, from, signal: stop.signal, onGap, ...wanted };
    for await (const record of tailNats(connection, options)) {
      if (grep !== undefined && !grep.test(record.line)) continue;
      await output.write(json === true ? jsonLine(record) : lines.text(withHost(record)));
    }
  } catch (error) {
    if (!stop.signal.aborted && !(error instanceof ReaderGone)) throw error;
  } finally {
    unlink();
    output.close();
  }
}

function fromOf({ since, fromSequence, follow }: Given): NonNullable<NatsTailOptions["from"]> {
  if (since !== undefined) return { since };
  if (fromSequence !== undefined) return { sequence: fromSequence };
  return follow ? "now" : "start";
}

/** Hosts may have containers of one name. */
function withHost(record: NatsRecord): NatsRecord {
  const { container } = record;
  return { ...record, container: { ...container, name: `${container.engine}/${container.name}` } };
}
