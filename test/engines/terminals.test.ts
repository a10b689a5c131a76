import { rotated } from "../support/matrix/rotated.ts";
import { scenario } from "../support/matrix/suite.ts";
import { longTerminalLines, paced, progressBars } from "../support/matrix/written.ts";

scenario("terminal", async (cell) => await rotated(cell, paced(400, 5, true)));

scenario("terminalLong", async (cell) => await rotated(cell, longTerminalLines(80, 25)));

scenario("terminalBars", async (cell) => await rotated(cell, progressBars(40, 500, 50)));
