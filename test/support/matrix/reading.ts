import { follow } from "../follow.ts";
import type { FollowOptions, Following } from "../follow.ts";
import { followPool } from "../pool-following.ts";
import type { PoolFollowOptions, PoolFollowing } from "../pool-following.ts";
import { readOptions } from "./suite.ts";
import type { Cell } from "./suite.ts";

/** Follows a container of the cell's, as the cell reads. */
export function followIn(
  cell: Pick<Cell, "engine" | "matrix" | "way">,
  container: string,
  options: FollowOptions = {},
): Following {
  const { engine, way } = cell;
  return follow(engine.socketPath, container, { ...readOptions(way, cell), ...options });
}

/** Likewise by a pool. */
export function followPoolIn(cell: Cell, options: PoolFollowOptions = {}): PoolFollowing {
  const { engine, way } = cell;
  return followPool(engine.socketPath, { ...readOptions(way, cell), ...options });
}
