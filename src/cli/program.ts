import { Command, CommanderError, Option } from "commander";
import type { From } from "../index.ts";
import { EXIT, EXIT_CODES_HELP } from "./exit-codes.ts";
import * as values from "./option-values.ts";
import type { Labels, ListenAddress } from "./option-values.ts";
import type { Settings, WantedEngine } from "./settings.ts";
import { UsageError } from "./usage-error.ts";

/** Lines of each container's past that following begins with. */
const DEFAULT_TAIL = 10;
const ANY_PORT: ListenAddress = { host: "127.0.0.1", port: 0 };

interface Given {
  readonly label: Labels;
  readonly engine?: string;
  readonly context?: string;
  readonly demo?: true;
  readonly since?: string;
  readonly tail?: number | "all";
  readonly follow: boolean;
  readonly json?: true;
  readonly multiline?: RegExp;
  readonly grep?: RegExp;
  readonly maxStreams: number;
  readonly rotateEvery?: number;
  readonly checkpoints?: string;
  readonly metrics?: ListenAddress;
  readonly page?: ListenAddress | true;
}

/** Where the words about the command line itself go. */
export interface Words {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The settings; or the exit code, where help or the version were asked for or something is wrong, and all is said. */
export function readCommandLine(
  args: readonly string[],
  version: string,
  words: Words,
): Settings | number {
  const program = commandLine(version).configureOutput({
    writeOut: words.out,
    writeErr: words.err,
    outputError: () => {},
  });
  try {
    program.parse(args, { from: "user" });
    return settingsOf(program.args, program.opts<Given>());
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    if (!(error instanceof CommanderError || error instanceof UsageError)) throw error;
    words.err(`dockspool: ${error.message.replace(/^error: /, "")}\n`);
    words.err("dockspool --help shows all options.\n");
    return EXIT.usage;
  }
}

function commandLine(version: string): Command {
  return new Command("dockspool")
    .description(
      "Follows the logs of an engine's containers, those that start later included. Lines go to standard output, all else to standard error. Without an engine it shows a demo.",
    )
    .usage("[patterns] [options]")
    .argument("[patterns...]", "names of containers, with * as wildcard; default: all")
    .addOption(
      option(
        "--label <label>",
        "only with this label: KEY or KEY=VALUE; can be repeated",
        values.label,
      ).default({}, "all"),
    )
    .addOption(
      option(
        "--engine <url>",
        "unix://PATH, tcp://HOST:PORT, https://HOST:PORT or ssh://USER@HOST; default: DOCKER_HOST, else the usual sockets",
        values.text,
      ).conflicts(["context", "demo"]),
    )
    .addOption(
      option("--context <name>", "the engine of this Docker context", values.text).conflicts([
        "demo",
      ]),
    )
    .addOption(new Option("--demo", "an engine in this process, with made-up containers"))
    .addOption(
      option(
        "--tail <lines>",
        `begin with the last so many lines of each container, or "all"; default: ${DEFAULT_TAIL}, with --no-follow all`,
        values.tail,
      ).conflicts("since"),
    )
    .addOption(
      option(
        "--since <time>",
        "begin there: 90s, 10m, 1h30m or 2d ago, a day, or an RFC 3339 time",
        (name, text) => values.since(name, text),
      ),
    )
    .addOption(
      new Option("--no-follow", "the logs as they are now, of stopped containers too, then end"),
    )
    .addOption(new Option("--json", "each line as a JSON object of its own (NDJSON)"))
    .addOption(
      option(
        "--multiline <expression>",
        "join lines to records; a line that matches begins one",
        values.expression,
      ),
    )
    .addOption(
      option(
        "--grep <expression>",
        "only lines that match: error|warning, or /error/i",
        values.expression,
      ),
    )
    .addOption(
      option("--checkpoints <file>", "keep positions there, and go on from them", values.text),
    )
    .addOption(
      option(
        "--max-streams <count>",
        "log streams open at once; more containers take turns",
        (name, text) => values.wholeNumber(name, text, 1),
      ).default(128),
    )
    .addOption(
      option(
        "--rotate-every <seconds>",
        "seconds between rotations of a stream; default: 300, in the demo 5",
        values.seconds,
      ),
    )
    .addOption(
      option(
        "--metrics <port>",
        "serve /metrics, /healthz, /livez and /readyz there; PORT or HOST:PORT",
        values.listenAddress,
      ),
    )
    .addOption(
      option(
        "--page [port]",
        "serve a live page there; PORT or HOST:PORT, default: any free port",
        values.listenAddress,
      ),
    )
    .version(version, "-V, --version", "the version")
    .helpOption("-h, --help", "this help")
    .addHelpText("after", "\ndockspool nats --help tells how to read a stream of NATS JetStream.")
    .addHelpText("after", `\n${EXIT_CODES_HELP}`)
    .exitOverride();
}

/** An option whose value is read by a function that knows its name. */
function option<T>(
  flags: string,
  description: string,
  read: (name: string, text: string, before?: T) => T,
): Option {
  const [name = ""] = flags.split(" ");
  return new Option(flags, description).argParser<T>((text, before) => read(name, text, before));
}

function settingsOf(patterns: readonly string[], given: Given): Settings {
  const { follow, page, metrics, checkpoints } = given;
  if (!follow && (page !== undefined || metrics !== undefined))
    throw new UsageError(
      `Option ${page === undefined ? "--metrics" : "--page"} can't be used with --no-follow: there would be nothing to watch.`,
    );
  if (given.demo === true && checkpoints !== undefined)
    throw new UsageError("Option --checkpoints can't be used with --demo.");
  return {
    patterns,
    labels: given.label,
    engine: wantedEngine(given),
    from: fromOf(given),
    follow,
    format: given.json === true ? "json" : "lines",
    multiline: given.multiline,
    grep: given.grep,
    maxStreams: given.maxStreams,
    rotateEveryMs: given.rotateEvery,
    checkpoints,
    metrics,
    page: page === true ? ANY_PORT : page,
  };
}

function wantedEngine({ engine, context, demo }: Given): WantedEngine {
  if (engine !== undefined) return { kind: "url", url: engine };
  if (context !== undefined) return { kind: "context", name: context };
  return demo === true ? { kind: "demo" } : { kind: "found" };
}

function fromOf({ since, tail, follow }: Given): From {
  if (since !== undefined) return { since };
  const lines = tail ?? (follow ? DEFAULT_TAIL : "all");
  return lines === "all" ? "start" : { tail: lines };
}
