import { createServer } from "node:http";
import { Registry, collectDefaultMetrics } from "prom-client";
import { observe } from "../http.ts";
import type { StreamPool } from "../index.ts";
import { registerPrometheus } from "../prometheus.ts";
import type { ListenAddress } from "./option-values.ts";

export interface MetricsServer extends AsyncDisposable {
  readonly url: string;
}

/** Serves the pool's series and its health. @throws Error where the address can't be listened on */
export async function serveMetrics(
  pool: StreamPool,
  { host, port }: ListenAddress,
): Promise<MetricsServer> {
  const metrics = new Registry();
  const server = createServer(observe(pool, { metrics }));
  await new Promise<void>((resolve, reject) => {
    server
      .once("error", reject)
      .listen(port, host, () => resolve(void server.off("error", reject)));
  });
  const unregister = registerPrometheus(pool, { registry: metrics });
  collectDefaultMetrics({ register: metrics });
  const address = server.address();
  const open = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${open}/metrics`,
    async [Symbol.asyncDispose]() {
      unregister();
      metrics.clear();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
