import type { DeliveryContext, DeliveryEnd } from "../delivery/channels.ts";
import type {
  Gap,
  PhaseChange,
  Reconnect,
  RotationContext,
  RotationEnd,
} from "../source/channels.ts";
import type { DiscoveryChange } from "./discovery/channels.ts";

/** What each channel of `node:diagnostics_channel` tells. docs/channels.md has examples. */
export interface ChannelMessages {
  "dockspool:phase": PhaseChange;
  "dockspool:discovered-container": DiscoveryChange;
  "dockspool:rotation": RotationEnd;
  "dockspool:reconnect": Reconnect;
  "dockspool:gap": Gap;
  "dockspool:delivery": DeliveryEnd;
}

/** The context of each `tracingChannel` of `node:diagnostics_channel`; Node adds `result` and `error`. */
export interface TracingContexts {
  "dockspool:rotation": RotationContext;
  "dockspool:delivery": DeliveryContext;
}
