import { randomUUID } from "node:crypto";
import { messageOf } from "../errors.ts";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "./clock.ts";
import type { ScriptedContainer } from "./container.ts";
import { inspectJson, libpodJson, listJson } from "./container-json.ts";
import { infoJson, versionJson } from "./engine-json.ts";
import type { EventHub } from "./event-hub.ts";
import { respondWithEvents } from "./event-response.ts";
import type { Exchange } from "./exchange.ts";
import { parseLogQuery } from "./log-query.ts";
import { respondWithLog } from "./log-route.ts";
import { respondWithServiceLog, serviceJson, tasksOf } from "./service-route.ts";
import type { Names } from "./names.ts";
import type { OpenCounts } from "./open-counts.ts";
import type { Profile } from "./profile.ts";
import { BadRequest, flag } from "./query.ts";
import type { Fault } from "./types.ts";

export interface ApiParts {
  readonly profile: Profile;
  readonly clock: Clock;
  readonly names: Names<ScriptedContainer>;
  readonly events: EventHub;
  readonly open: OpenCounts;
  readonly sockets: () => number;
}

/** The HTTP API: takes requests, lets faults happen, and answers. */
export class Api {
  readonly #parts: ApiParts;
  readonly #id: string = randomUUID();
  readonly #eventSockets = new Set<Socket>();

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  cutEvents(): void {
    for (const socket of this.#eventSockets) socket.destroy();
  }

  /** `fault` is asked once the request is counted. */
  take(exchange: Exchange, fault: () => Fault | undefined): void {
    this.#count(exchange);
    try {
      this.#suffer(exchange, fault());
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  #count(exchange: Exchange): void {
    const { route, query } = exchange.target;
    const { socket } = exchange.request;
    if (route.kind === "events") {
      this.#eventSockets.add(socket);
      exchange.onceOver(() => this.#eventSockets.delete(socket));
    }
    if (route.kind !== "logs") return;
    const found = this.#parts.names.find(route.reference);
    const container = found === "ambiguous" ? undefined : found;
    const { open } = this.#parts;
    exchange.onceOver(flag(query, "follow") ? open.follow(container?.id) : open.read());
    if (container !== undefined) exchange.onceOver(container.connect(socket));
  }

  #suffer(exchange: Exchange, fault: Fault | undefined): void {
    if (fault === undefined) {
      this.#answer(exchange, undefined);
    } else if ("status" in fault) {
      const message = fault.message ?? STATUS_CODES[fault.status] ?? "fault";
      exchange.json(fault.status, { message });
    } else if ("redirect" in fault) {
      exchange.response.writeHead(302, { Location: fault.redirect, "Content-Length": 0 }).end();
    } else if ("delayMs" in fault) {
      const timer = setTimeout(() => this.#answerLater(exchange), fault.delayMs);
      exchange.onceOver(() => clearTimeout(timer));
    } else if (!("withholdHeaders" in fault)) {
      this.#answer(exchange, fault);
    }
  }

  #answerLater(exchange: Exchange): void {
    try {
      this.#answer(exchange, undefined);
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  #answer(exchange: Exchange, fault: Fault | undefined): void {
    const { profile, clock, names, events } = this.#parts;
    const { route, query } = exchange.target;
    switch (route.kind) {
      case "ping":
        return exchange.send(200, "text/plain; charset=utf-8", Buffer.from("OK"), fault);
      case "version":
        return exchange.json(200, versionJson(profile), fault);
      case "info":
        return exchange.json(200, this.#info(), fault);
      case "list":
        return exchange.json(200, listJson(names.all, query), fault);
      case "events": {
        const { response } = exchange;
        const isPodman = profile.flavour === "podman";
        return exchange.onceOver(
          respondWithEvents(events, clock, query, response, exchange.body(fault), isPodman),
        );
      }
      case "inspect": {
        const container = this.#find(exchange, route.reference);
        if (container !== undefined) exchange.json(200, inspectJson(container), fault);
        return;
      }
      case "libpod-inspect": {
        if (profile.flavour !== "podman") return exchange.json(404, { message: "page not found" });
        const container = this.#find(exchange, route.reference);
        if (container !== undefined) exchange.json(200, libpodJson(container), fault);
        return;
      }
      case "logs": {
        const parsed = parseLogQuery(query);
        const container = this.#find(exchange, route.reference);
        if (container !== undefined) respondWithLog(exchange, container, parsed, profile, fault);
        return;
      }
      case "service":
      case "service-logs": {
        const tasks = tasksOf(names.all, route.reference);
        const [task] = tasks;
        if (task === undefined) {
          exchange.json(404, { message: `service ${route.reference} not found` });
        } else if (route.kind === "service") {
          exchange.json(200, serviceJson(task), fault);
        } else {
          respondWithServiceLog(exchange, tasks, parseLogQuery(query), profile, fault);
        }
        return;
      }
      case "unknown":
        return exchange.json(404, { message: "page not found" });
    }
  }

  /** Answers by itself where there is none. */
  #find(exchange: Exchange, reference: string): ScriptedContainer | undefined {
    const found = this.#parts.names.find(reference);
    if (found === undefined) {
      exchange.json(404, { message: `No such container: ${reference}` });
    } else if (found === "ambiguous") {
      exchange.json(400, { message: `multiple IDs found with provided prefix: ${reference}` });
    } else {
      return found;
    }
    return undefined;
  }

  #info(): object {
    const { profile, clock, names, open, sockets } = this.#parts;
    const containers = names.all;
    // Podman makes up another one for each answer.
    const id = profile.flavour === "podman" ? randomUUID() : this.#id;
    return infoJson(id, profile, clock.now(), {
      containers: containers.length,
      running: containers.filter(({ status }) => status === "running").length,
      paused: containers.filter(({ status }) => status === "paused").length,
      openLogs: open.follows + open.reads,
      sockets: sockets(),
    });
  }

  #fail(exchange: Exchange, error: unknown): void {
    if (exchange.response.headersSent) {
      exchange.request.socket.destroy();
      return;
    }
    exchange.json(error instanceof BadRequest ? 400 : 500, { message: messageOf(error) });
  }
}
