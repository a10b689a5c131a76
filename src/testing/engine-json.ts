import type { Profile } from "./profile.ts";

/** The answer of GET /version. */
export function versionJson(profile: Profile): object {
  const { version, apiVersion, minApiVersion } = profile;
  const podman = profile.flavour === "podman";
  return {
    Platform: { Name: podman ? "linux/amd64" : "Docker Engine - Fake" },
    Components: [
      {
        Name: podman ? "Podman Engine" : "Engine",
        Version: version,
        Details: { ApiVersion: podman ? version : apiVersion, MinAPIVersion: minApiVersion },
      },
    ],
    Version: version,
    ApiVersion: apiVersion,
    MinAPIVersion: minApiVersion,
    Os: "linux",
    Arch: "amd64",
  };
}

/** What GET /info counts. */
export interface EngineCounts {
  readonly containers: number;
  readonly running: number;
  readonly paused: number;
  readonly openLogs: number;
  readonly sockets: number;
}

/** The answer of GET /info; an open log stream costs a real engine 2 descriptors and 4 goroutines. */
export function infoJson(id: string, profile: Profile, now: number, counts: EngineCounts): object {
  return {
    ID: id,
    Name: "fake-engine",
    ServerVersion: profile.version,
    Containers: counts.containers,
    ContainersRunning: counts.running,
    ContainersPaused: counts.paused,
    ContainersStopped: counts.containers - counts.running - counts.paused,
    Images: 1,
    NFd: 24 + counts.sockets + counts.openLogs,
    NGoroutines: 40 + counts.sockets + 3 * counts.openLogs,
    LoggingDriver: "json-file",
    SystemTime: new Date(now).toISOString(),
    OSType: "linux",
    OperatingSystem: "fake",
    Architecture: "x86_64",
  };
}
