import type { FakeEngineOptions } from "./types.ts";

/** Which engine is imitated, options and defaults resolved. */
export interface Profile {
  readonly flavour: "docker" | "podman";
  readonly since: "per-line" | "first-match" | "exclusive";
  readonly timestamps: "ns" | "s" | "offset";
  readonly version: string;
  readonly apiVersion: string;
  readonly minApiVersion: string;
  /** A longer line is cut into parts of this size. */
  readonly partBytes: number;
  /** Docker names the kind of log stream in Content-Type since version 23. */
  readonly namesLogType: boolean;
  readonly defaultLogDriver: string;
  /** Logs of `k8s-file` are read as Podman reads them, with their holes. */
  readonly podmanQuirks: boolean;
}

export function profileOf(options: FakeEngineOptions): Profile {
  const { flavour = "docker", timestamps = "ns" } = options;
  if (flavour === "podman") {
    return {
      flavour,
      since: options.since ?? "exclusive",
      timestamps,
      version: "5.8.6",
      apiVersion: "1.41",
      minApiVersion: "1.24",
      partBytes: 8_192,
      namesLogType: false,
      defaultLogDriver: "k8s-file",
      podmanQuirks: options.podmanQuirks ?? false,
    };
  }
  const since = options.since ?? "first-match";
  const old = since === "per-line";
  return {
    flavour,
    since,
    timestamps,
    version: old ? "20.10.24" : "28.5.2",
    apiVersion: old ? "1.41" : "1.51",
    minApiVersion: old ? "1.12" : "1.24",
    partBytes: 16_384,
    namesLogType: !old,
    defaultLogDriver: "json-file",
    podmanQuirks: false,
  };
}

/** The headers that stand in every response of such an engine. */
export function headersOf(profile: Profile): Record<string, string> {
  if (profile.flavour === "podman") {
    return {
      "Api-Version": profile.apiVersion,
      "Libpod-Api-Version": profile.version,
      Server: `Libpod/${profile.version} (linux)`,
    };
  }
  return {
    "Api-Version": profile.apiVersion,
    "Docker-Experimental": "false",
    Ostype: "linux",
    Server: `Docker/${profile.version} (linux)`,
  };
}
