import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import {
  checkBytes,
  checkHealth,
  checkKept,
  checkLine,
  checkName,
  checkStop,
} from "./arguments.ts";
import type { Clock } from "./clock.ts";
import { ContainerLog } from "./container-log.ts";
import type { EventHub } from "./event-hub.ts";
import type { LogResponse } from "./log-response.ts";
import type { Names } from "./names.ts";
import type { Profile } from "./profile.ts";
import type { TextParts } from "./text-parts.ts";
import type {
  FakeContainer,
  FakeContainerSpec,
  FakeHealth,
  FakeLine,
  FakeStop,
  FakeWriteOptions,
} from "./types.ts";

/** What all containers of one engine share. */
export interface ContainerSurroundings {
  readonly profile: Profile;
  readonly clock: Clock;
  readonly parts: TextParts;
  readonly events: EventHub;
  readonly names: Names<ScriptedContainer>;
}

export type ContainerStatus = "created" | "running" | "paused" | "exited";

/** One container: its state, its log, and the responses that are reading it. */
export class ScriptedContainer implements FakeContainer {
  readonly id: string = randomBytes(32).toString("hex");
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly tty: boolean;
  readonly logDriver: string;
  /** Times are nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly spec: Readonly<FakeContainerSpec>;
  readonly contents: ContainerLog;
  readonly #around: ContainerSurroundings;
  readonly #responses = new Set<LogResponse>();
  readonly #sockets = new Map<Socket, number>();
  #name: string;
  #status: ContainerStatus | "removed" = "created";
  #exit: Required<FakeStop> = { exitCode: 0, oomKilled: false };
  #health: FakeHealth | undefined;
  #startedAt: bigint | undefined;
  #finishedAt: bigint | undefined;
  #isStopping = false;
  #wakes = false;

  constructor(spec: FakeContainerSpec, around: ContainerSurroundings) {
    this.#around = around;
    this.#name = spec.name.replace(/^\//, "");
    this.spec = { ...spec };
    this.#health = spec.health;
    this.image = spec.image ?? "fake:latest";
    this.labels = { ...spec.labels };
    this.tty = spec.tty ?? false;
    this.logDriver = spec.logDriver ?? around.profile.defaultLogDriver;
    this.contents = new ContainerLog(around.profile, around.clock, around.parts);
    this.createdAt = around.clock.next();
    around.names.take(this.#name, this);
    this.#emit("create");
    if (spec.started !== false) this.#begin();
  }

  get flavour(): "docker" | "podman" {
    return this.#around.profile.flavour;
  }

  get name(): string {
    return this.#name;
  }

  get status(): ContainerStatus {
    return this.#status === "removed" ? "exited" : this.#status;
  }

  /** True also while it is paused. */
  get isUp(): boolean {
    return this.#status === "running" || this.#status === "paused";
  }

  /** It handles its stop signal, and the engine says that it does not run. */
  get deniesRunning(): boolean {
    return this.#isStopping && this.#around.profile.flavour === "podman";
  }

  /** How it stopped last. */
  get exit(): Required<FakeStop> {
    return this.#exit;
  }

  get foundHealth(): FakeHealth | undefined {
    return this.#health;
  }

  get startedAt(): bigint | undefined {
    return this.#startedAt;
  }

  get finishedAt(): bigint | undefined {
    return this.#finishedAt;
  }

  get written(): readonly FakeLine[] {
    return this.contents.written;
  }

  get log(): readonly FakeLine[] {
    return this.contents.held;
  }

  start(): void {
    this.#refuseRemoved();
    if (this.#status === "paused") this.pause();
    else if (!this.isUp) this.#begin();
  }

  beginStop(): void {
    if (!this.isUp) return;
    this.#isStopping = true;
    if (this.deniesRunning) for (const response of this.#responses) response.stop();
  }

  stop(how: FakeStop = {}): void {
    checkStop(how);
    if (!this.isUp) return;
    this.#end(how);
    if (this.#around.profile.flavour === "docker") this.#emit("stop");
  }

  health(health: FakeHealth): void {
    checkHealth(health);
    this.#health = health;
    if (this.#around.profile.flavour === "docker") this.#emit(`health_status: ${health}`);
    else this.#emit("health_status", { health_status: health });
  }

  restart(): void {
    this.stop();
    this.start();
  }

  pause(): void {
    if (!this.isUp) throw new Error(`Container ${this.#name} is not running.`);
    const paused = this.#status === "paused";
    this.#status = paused ? "running" : "paused";
    this.#emit(paused ? "unpause" : "pause");
  }

  rename(name: string): void {
    checkName(name);
    this.#refuseRemoved();
    const next = name.replace(/^\//, "");
    this.#around.names.take(next, this);
    const oldName = this.#name;
    this.#around.names.release(oldName);
    this.#name = next;
    this.#emit("rename", { oldName: `/${oldName}` });
  }

  remove(): void {
    if (this.#status === "removed") return;
    if (this.isUp) this.#end();
    this.#status = "removed";
    this.#around.names.release(this.#name);
    this.#emit(this.#around.profile.flavour === "docker" ? "destroy" : "remove");
  }

  write(line: string, options: FakeWriteOptions = {}): void {
    checkLine(line, options);
    this.#refuseRemoved();
    const stream = this.tty ? "tty" : (options.stream ?? "stdout");
    this.contents.write(line, stream, options.timestamp, options.partial ?? false);
    if (!this.isUp) this.contents.leaveUnfinished();
    this.#wake();
  }

  writeRaw(bytes: Uint8Array): void {
    checkBytes(bytes);
    for (const response of this.#responses) response.writeRaw(bytes);
    this.#wake();
  }

  truncate(keepLines: number): void {
    checkKept(keepLines);
    this.contents.truncate(keepLines);
  }

  cut(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  stall(): void {
    for (const response of this.#responses) response.stall();
  }

  /** Every log request of it, for `cut()`; returns how to forget it. */
  connect(socket: Socket): () => void {
    this.#sockets.set(socket, (this.#sockets.get(socket) ?? 0) + 1);
    return () => {
      const requests = (this.#sockets.get(socket) ?? 0) - 1;
      if (requests > 0) this.#sockets.set(socket, requests);
      else this.#sockets.delete(socket);
    };
  }

  /** Keeps `response` going; returns how to end it. */
  attach(response: LogResponse): () => void {
    this.#responses.add(response);
    response.pump();
    return () => {
      this.#responses.delete(response);
      response.close();
    };
  }

  #begin(): void {
    this.contents.leaveUnfinished();
    this.#status = "running";
    this.#exit = { exitCode: 0, oomKilled: false };
    this.#startedAt = this.#around.clock.next();
    if (this.#around.profile.flavour === "podman") this.#emit("init");
    this.#emit("start");
  }

  #end({ exitCode = 0, oomKilled = false }: FakeStop = {}): void {
    this.#exit = { exitCode, oomKilled };
    this.contents.leaveUnfinished();
    this.#status = "exited";
    this.#isStopping = false;
    this.#finishedAt = this.#around.clock.next();
    for (const response of this.#responses) response.stop();
    if (this.#around.profile.flavour === "docker") {
      if (oomKilled) this.#emit("oom");
      else this.#emit("kill", { signal: "15" });
      this.#emit("die", { exitCode: String(exitCode) });
    } else {
      this.#emit("died", { containerExitCode: String(exitCode) });
      this.#emit("cleanup");
    }
  }

  /** Once for all that is written before the current task ends. */
  #wake(): void {
    if (this.#wakes || this.#responses.size === 0) return;
    this.#wakes = true;
    queueMicrotask(() => {
      this.#wakes = false;
      for (const response of this.#responses) response.pump();
    });
  }

  #emit(action: string, attributes?: Record<string, string>): void {
    this.#around.events.emit(action, this, attributes);
  }

  #refuseRemoved(): void {
    if (this.#status === "removed") throw new Error(`Container ${this.#name} was removed.`);
  }
}
