import type { Change, Scenario } from "./scenario.ts";

const stays = (name: string): Change => ({ name, becomes: (_, usual) => usual });
const becomes = (name: string, value: number, where: Change["where"] = {}): Change => ({
  name,
  where,
  becomes: () => value,
});
/** By so much a minute, from what it was on. */
const grows = (name: string, perMinute: number, where: Change["where"] = {}): Change => ({
  name,
  where,
  becomes: (minute, usual) => usual + minute * perMinute,
});
const isGone = (name: string, where: Change["where"] = {}): Change => ({
  name,
  where,
  becomes: () => undefined,
});
const unwell = (component: string, health: number): Change =>
  becomes("component_health", health, { component });

/** So many more containers a minute. */
const containersGrow = (perMinute: number, phase: string): Change[] => [
  grows("containers", perMinute),
  grows("container_phase", perMinute, { phase }),
];
/** It is there again after a quarter of an hour. */
const wasAway = (name: string, then: Change["becomes"]): Change => ({
  name,
  becomes: (minute, usual) => (minute < 15 ? undefined : then(minute - 15, usual)),
});
const lagGrows = grows("container_log_lag_seconds", 60);
const noLines = stays("log_lines_total");

/** Longer than what the rules about leaks look back, in minutes. */
const HOUR = 65;

/** By the alert that each is about. */
export const SCENARIOS: Readonly<Record<string, Readonly<Record<string, Scenario>>>> = {
  DockspoolDown: {
    "the process is down: the scrape fails": {
      fault: [becomes("up", 0), isGone("*")],
      fires: { 1: [], 4: ["DockspoolDown"] },
    },
    "the target is gone, with all series": {
      fault: [isGone("*")],
      fires: { 1: [], 4: ["DockspoolDown"] },
    },
    "the process lives, and has no pool any more": {
      fault: [becomes("up", 1), isGone("*")],
      fires: { 1: [], 4: ["DockspoolDown"] },
    },
    "a scrape is missed": {
      fault: [
        { name: "up", becomes: (minute) => (minute === 0 ? 0 : 1) },
        { name: "ready", becomes: (minute) => (minute === 0 ? undefined : 1) },
      ],
      fires: { 0: [], 1: [], 2: [], 5: [] },
    },
  },
  DockspoolUnhealthy: {
    "the engine is away for long": {
      fault: [unwell("engine:default", 0)],
      fires: { 0: [], 2: ["DockspoolUnhealthy"], 11: ["DockspoolDegraded", "DockspoolUnhealthy"] },
    },
    "capture stands still, and health says so": {
      fault: [unwell("streams", 0), noLines, lagGrows],
      fires: {
        0: [],
        2: ["DockspoolUnhealthy"],
        5: ["DockspoolCaptureStopped", "DockspoolUnhealthy"],
      },
    },
    "the engine is away for a moment": {
      fault: [
        {
          name: "component_health",
          where: { component: "engine:default" },
          becomes: (minute) => (minute < 1 ? 0 : 1),
        },
      ],
      fires: { 0: [], 1: [], 2: [], 12: [] },
    },
  },
  DockspoolDegraded: {
    "a component is degraded for long": {
      fault: [unwell("streams", 0.5)],
      fires: { 9: [], 11: ["DockspoolDegraded"] },
    },
  },
  DockspoolNotReady: {
    "the pool does not become ready": {
      fault: [becomes("ready", 0)],
      fires: { 4: [], 6: ["DockspoolNotReady"] },
    },
    "the pool has begun anew": {
      fault: [{ name: "ready", becomes: (minute) => (minute < 3 ? 0 : 1) }],
      fires: { 3: [], 6: [] },
    },
  },
  DockspoolCaptureStopped: {
    "no line comes, though logs grow": {
      fault: [noLines, lagGrows],
      fires: { 2: [], 5: ["DockspoolCaptureStopped"] },
    },
    "no line comes, and one container of two is behind": {
      fault: [noLines, grows("container_log_lag_seconds", 60, { container_name: "web" })],
      fires: { 2: [], 5: ["DockspoolCaptureStopped"] },
    },
    "no line comes in a quiet night": { fault: [noLines], fires: { 5: [], 30: [] } },
    "the process begins anew: its counts begin at zero": {
      fault: [{ name: "log_lines_total", becomes: (minute) => minute * 600 }],
      fires: { 1: [], 5: [], 30: [] },
    },
  },
  DockspoolLag: {
    "one container is behind, another one is not": {
      fault: [grows("container_log_lag_seconds", 60, { container_name: "web" })],
      fires: { 7: [], 9: ["DockspoolLag"] },
    },
    "a container is behind for a moment": {
      fault: [
        { name: "container_log_lag_seconds", becomes: (minute) => (minute < 4 ? minute * 60 : 0) },
      ],
      fires: { 4: [], 9: [], 20: [] },
    },
  },
  DockspoolStalls: {
    "a stream had died without a word": {
      fault: [becomes("container_stream_stalls_total", 1, { container_name: "web" })],
      fires: { 1: ["DockspoolStalls"], 14: ["DockspoolStalls"], 16: [] },
    },
  },
  DockspoolRotationOverdue: {
    "a stream is not rotated": {
      fault: [grows("container_stream_age_seconds", 60, { container_name: "web" })],
      fires: { 12: [], 16: ["DockspoolRotationOverdue"] },
    },
    "a rotation does not end: there is no stream, and nothing is counted": {
      fault: [
        stays("container_stream_rotation_seconds_count"),
        stays("container_stream_rotations_total"),
        becomes("container_stream_age_seconds", 0),
        noLines,
        lagGrows,
      ],
      fires: {
        3: [],
        6: ["DockspoolCaptureStopped"],
        16: ["DockspoolCaptureStopped", "DockspoolLag", "DockspoolRotationOverdue"],
      },
    },
    "rotations are not counted any more": {
      fault: [isGone("container_stream_rotation_seconds_count")],
      fires: { 1: [], 4: ["DockspoolRotationOverdue"] },
    },
    "streams are as old as their jitter allows": {
      fault: [
        { name: "container_stream_age_seconds", becomes: (minute) => (minute % 6) * 60 },
        grows("container_stream_rotation_seconds_count", 1 / 3),
      ],
      fires: { 6: [], 16: [], 40: [] },
    },
    "the process was away, and reads what was written meanwhile": {
      fault: [
        wasAway("container_stream_rotation_seconds_count", (minute) => (minute < 5 ? 0 : 1)),
        wasAway("container_log_lag_seconds", (minute) => (minute < 4 ? 3_600 : 0)),
        wasAway("log_lines_total", (minute) => minute * 60_000),
        wasAway("*", (_, usual) => usual),
      ],
      fires: { 10: ["DockspoolDown"], 17: [], 18: [], 20: [], 30: [] },
    },
    "all containers have stopped": {
      fault: [
        becomes("container_stream_age_seconds", 0),
        noLines,
        stays("container_stream_rotation_seconds_count"),
        becomes("container_streams_active", 0),
      ],
      fires: { 5: [], 20: [], 40: [] },
    },
  },
  DockspoolGap: {
    "lines are lost": {
      fault: [becomes("container_log_gaps_total", 1, { container_name: "web" })],
      fires: { 1: ["DockspoolGap"], 14: ["DockspoolGap"], 16: [] },
    },
    "a container that is new has a gap from the start": {
      fault: [],
      appear: [
        {
          name: "container_log_gaps_total",
          labels: { engine: "default", container_name: "new", container_id: "00000000cafe" },
          samples: () => 1,
        },
      ],
      fires: { 0: ["DockspoolGap"], 14: ["DockspoolGap"], 16: [] },
    },
    "a container comes, has a gap and goes between two scrapes": {
      fault: [becomes("log_gaps_total", 1)],
      fires: { 1: ["DockspoolGap"], 14: ["DockspoolGap"], 16: [] },
    },
    "a container that had a gap long ago is renamed": {
      fault: [],
      leave: [
        {
          name: "container_log_gaps_total",
          labels: { engine: "default", container_name: "old", container_id: "00000000cafe" },
          samples: () => 1,
        },
      ],
      appear: [
        {
          name: "container_log_gaps_total",
          labels: { engine: "default", container_name: "new", container_id: "00000000cafe" },
          samples: () => 1,
        },
      ],
      fires: { 0: [], 2: [], 14: [] },
    },
  },
  DockspoolCutShort: {
    "a container is removed before its log was read": {
      fault: [becomes("log_ends_cut_short_total", 1)],
      fires: { 1: ["DockspoolCutShort"], 14: ["DockspoolCutShort"], 16: [] },
    },
  },
  DockspoolBatchesGivenUp: {
    "batches go to the dead letters": {
      fault: [grows("delivery_batches_total", 1, { outcome: "dead_letter" })],
      fires: { 2: ["DockspoolBatchesGivenUp"] },
    },
    "a sink has given up": {
      fault: [becomes("delivery_batches_total", 1, { outcome: "failed" })],
      fires: { 1: ["DockspoolBatchesGivenUp"], 17: [] },
    },
  },
  DockspoolCheckpointsLate: {
    "the store does not answer": {
      fault: [grows("checkpoint_age_seconds", 60)],
      fires: { 2: [], 5: ["DockspoolCheckpointsLate"] },
    },
    "a write fails now and then, and is done at its next attempt": {
      fault: [
        grows("checkpoint_writes_total", 2, { outcome: "failed" }),
        becomes("checkpoint_age_seconds", 10),
      ],
      fires: { 1: [], 4: [], 10: [] },
    },
    "the pool has no store": {
      fault: [becomes("checkpoint_age_seconds", Number.NaN), stays("checkpoint_writes_total")],
      fires: { 5: [], 30: [] },
    },
  },
  DockspoolBufferFull: {
    "the buffer is full for long": {
      fault: [becomes("buffer_bytes", 33_000_000)],
      fires: { 9: [], 11: ["DockspoolBufferFull"] },
    },
    "the buffer is full now and then": {
      fault: [
        { name: "buffer_bytes", becomes: (minute) => (minute % 5 === 0 ? 4_000 : 33_000_000) },
      ],
      fires: { 9: [], 11: [], 30: [] },
    },
  },
  DockspoolStreamsFull: {
    "all streams are taken for long": {
      fault: [becomes("container_streams_active", 128), becomes("container_streams_waiting", 40)],
      fires: { 29: [], 31: ["DockspoolStreamsFull"] },
    },
    "all streams are taken, and nobody waits": {
      fault: [becomes("container_streams_active", 128)],
      fires: { 31: [], 40: [] },
    },
  },
  DockspoolTasksLeak: {
    "34 tasks more each minute": {
      after: HOUR,
      fault: [grows("tasks", 34)],
      fires: { 5: [], 16: ["DockspoolTasksLeak"], 60: ["DockspoolTasksLeak"] },
    },
    "one task more every other minute": {
      after: HOUR,
      fault: [grows("tasks", 0.5)],
      fires: { 30: [], 70: ["DockspoolTasksLeak"] },
    },
    "tasks grow with containers that are read": {
      after: HOUR,
      fault: [grows("tasks", 14), ...containersGrow(2, "following")],
      fires: { 16: [], 50: [], 60: [] },
    },
    "tasks grow with containers that have stopped, and are not removed": {
      after: HOUR,
      fault: [grows("tasks", 2), ...containersGrow(2, "stopped")],
      fires: { 16: [], 50: [], 60: [] },
    },
    "a spare waits for more containers": {
      after: HOUR,
      fault: [grows("tasks", 2), grows("containers_standby", 2)],
      fires: { 16: [], 50: [], 60: [] },
    },
    "containers that were stopped are started": {
      after: HOUR,
      fault: [becomes("tasks", 200), becomes("container_phase", 102, { phase: "following" })],
      fires: { 16: [], 50: [], 60: [] },
    },
    "34 tasks more each minute, while a few containers come": {
      after: HOUR,
      fault: [
        grows("tasks", 34),
        becomes("containers", 4),
        becomes("container_phase", 4, { phase: "following" }),
      ],
      fires: { 20: ["DockspoolTasksLeak"], 60: ["DockspoolTasksLeak"] },
    },
    "tasks go up and down": {
      after: HOUR,
      fault: [{ name: "tasks", becomes: (minute) => 14 + 30 * (minute % 4) }],
      fires: { 16: [], 50: [], 70: [] },
    },
    "tasks grew once, and stay so": {
      after: HOUR,
      fault: [becomes("tasks", 30)],
      fires: { 10: [], 70: [] },
    },
  },
  DockspoolDescriptorsLeak: {
    "937 descriptors more each minute": {
      after: HOUR,
      fault: [grows("file_descriptors_open", 937)],
      fires: { 5: [], 16: ["DockspoolDescriptorsLeak"], 60: ["DockspoolDescriptorsLeak"] },
    },
    "descriptors grow with containers that are read": {
      after: HOUR,
      fault: [grows("file_descriptors_open", 2), ...containersGrow(2, "following")],
      fires: { 16: [], 60: [] },
    },
  },
  DockspoolSocketsLeak: {
    "connections to the engine pile up": {
      after: HOUR,
      fault: [grows("sockets_open", 10)],
      fires: { 5: [], 25: ["DockspoolSocketsLeak"] },
    },
    "connections grow with streams": {
      after: HOUR,
      fault: [grows("sockets_open", 2), grows("container_streams_active", 2)],
      fires: { 25: [], 60: [] },
    },
  },
};
