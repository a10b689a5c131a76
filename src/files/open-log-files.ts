import type { OpenLogFiles } from "./log-files.ts";
export const openLogFiles: OpenLogFiles = () => Promise.resolve(undefined);
