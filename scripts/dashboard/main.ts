import { writeFileSync } from "node:fs";

import { DASHBOARD_PATH, dashboard } from "./dashboard.ts";

writeFileSync(DASHBOARD_PATH, `${JSON.stringify(dashboard(), undefined, 2)}\n`);
console.log(`Wrote ${DASHBOARD_PATH}.`);
