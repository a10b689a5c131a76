import { hostname as ownHostname } from "node:os";
import type { ConnectionOptions } from "node:tls";
import { checkBoolean, checkKeys, checkNumber, checkText, isObject } from "../checks.ts";
import type { Sink } from "../delivery/sink.ts";
import { invalidOption } from "../errors.ts";
import { Connection } from "./syslog/connection.ts";
import { counted, syslogMessage } from "./syslog/message.ts";

export interface SyslogOptions {
  /** Default "localhost". */
  host?: string;
  /** Default 514; 6514 with TLS. */
  port?: number;
  /** TLS: true, or Node's options for `tls.connect`, such as `ca`, `cert` and `key`. Default false. */
  tls?: boolean | ConnectionOptions;
  /** 0 to 23; default 16, `local0`. */
  facility?: number;
  /** Default: this machine's. */
  hostname?: string;
  /** Names the structured data; default "dockspool@32473". With an enterprise number of your own: `name@<number>`. */
  sdId?: string;
  /** True: the severity is the level that `parseLine` finds. Default false: error for stderr, informational for the rest. */
  parse?: boolean;
}

export interface SyslogSink extends Sink {
  /** Closes the connection. It need not be called: an idle connection keeps no process alive. */
  close(): void;
}

/** SD-NAME of RFC 5424: printable ASCII but "=", "]", '"' and spaces. */
const SD_ID = /^[!#-<>-\\^-~]{1,32}$/;

/**
 * A sink that sends records as messages of RFC 5424 over TCP, with octet counting (RFC 6587), or over TLS (RFC 5425). The record's `id` is
 * in its structured data. Syslog acknowledges nothing: a batch counts as delivered when the operating system has taken it, so what is on
 * its way when a server dies is lost. Where that must not be, use another sink.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * pool.deliver(syslogSink({ host: "logs.example.com", tls: true }), { name: "syslog" });
 */
export function syslogSink(options: SyslogOptions = {}): SyslogSink {
  checkOptions(options);
  const { host = "localhost", facility = 16, sdId = "dockspool@32473", parse = false } = options;
  const { hostname = ownHostname(), tls = false, port = tls === false ? 514 : 6514 } = options;
  const message = { facility, hostname, sdId, isParsed: parse };
  const connection = new Connection({ host, port, tls: tlsOptions(tls) });
  const syslog: Sink = async function syslog(records, { signal }) {
    const frames = records.map((record) => counted(syslogMessage(record, message)));
    await connection.write(frames.join(""), signal);
  };
  return Object.assign(syslog, { close: () => connection.close() });
}

function tlsOptions(tls: boolean | ConnectionOptions): ConnectionOptions | undefined {
  if (typeof tls === "object") return tls;
  return tls ? {} : undefined;
}

function checkOptions(options: SyslogOptions): void {
  checkKeys("", options, ["host", "port", "tls", "facility", "hostname", "sdId", "parse"]);
  const { host, port, tls, facility, hostname, sdId, parse } = options;
  if (host !== undefined) checkText("host", host);
  if (port !== undefined) checkNumber("port", port, 1, 65_535, "a port");
  if (tls !== undefined && typeof tls !== "boolean" && !isObject(tls))
    throw invalidOption("tls", tls, "true, false, or options of tls.connect");
  if (facility !== undefined) checkNumber("facility", facility, 0, 23, "the facilities");
  if (hostname !== undefined) checkText("hostname", hostname);
  if (sdId !== undefined && !SD_ID.test(sdId))
    throw invalidOption(
      "sdId",
      sdId,
      'up to 32 printable characters without "=", "]", \'"\' and spaces',
    );
  if (parse !== undefined) checkBoolean("parse", parse);
}
