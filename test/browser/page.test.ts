import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, it } from "vitest";
import { describeWithBrowser } from "../support/browser.ts";
import { LivePage } from "../support/live-page.ts";

/** An open page, with all that must never happen in it. */
class Tab implements AsyncDisposable {
  readonly page: Page;
  /** Dialogs, errors, what the policy refused, and requests that left for elsewhere. */
  readonly incidents: string[] = [];

  private constructor(page: Page, url: string) {
    this.page = page;
    page.on("dialog", (dialog) => {
      this.incidents.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => this.incidents.push(`error: ${error.message}`));
    page.on("console", (message) => {
      // A collector that is gone is no fault of the page.
      if (
        message.type() === "error" &&
        !message.text().startsWith("Failed to load resource: net::")
      )
        this.incidents.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) this.incidents.push(`request: ${request.url()}`);
    });
  }

  static async open(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<Tab> {
    const context = await browser.newContext({ reducedMotion: "reduce", ...options });
    const tab = new Tab(await context.newPage(), url);
    await tab.page.goto(url);
    return tab;
  }

  text(selector: string): Promise<string> {
    return this.page.locator(selector).innerText();
  }

  /** Resolves once it says so. */
  async says(selector: string, pattern: RegExp): Promise<void> {
    await this.page.locator(selector).filter({ hasText: pattern }).first().waitFor();
  }

  lines(): Promise<string[]> {
    return this.page.locator("#line-list .text").allInnerTexts();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}

/** Of each element with a text: its colour and that of what is behind it, as WCAG measures their contrast. */
function contrasts(page: Page, tone: string): Promise<{ text: string; contrast: number }[]> {
  return page.evaluate((headTone) => {
    const head = document.querySelector("header");
    if (head !== null) head.dataset["tone"] = headTone;
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const channels = (color: string): readonly number[] => {
      if (canvas === null) return [];
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (color: string): number => {
      const [red = 0, green = 0, blue = 0] = channels(color).map((value) => {
        const part = value / 255;
        return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element: Element | null): string => {
      if (element === null) return "white";
      const { backgroundColor } = getComputedStyle(element);
      return channels(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor;
    };
    const selectors =
      "h1, h2, #reason, dt, dd, figcaption span, li, th, td, label, button, time, .text, .name, .tag";
    return [...document.querySelectorAll(selectors)]
      .filter((element) => element.textContent.trim() !== "")
      .map((element) => {
        const [dark = 0, light = 0] = [getComputedStyle(element).color, behind(element)]
          .map(luminance)
          .toSorted((one, other) => one - other);
        return { text: element.textContent.slice(0, 40), contrast: (light + 0.05) / (dark + 0.05) };
      });
  }, tone);
}

describeWithBrowser("the live page in a browser", (browser) => {
  it("shows figures that move, and lines as they come", async () => {
    await using live = await LivePage.start();
    const web = live.fake.create({ name: "web" });
    await using tab = await Tab.open(browser(), live.page.url);
    const timer = setInterval(() => web.write("GET / 200"), 20);
    try {
      await tab.says("#headline", /^Healthy: logs flow/);
      await tab.says("#flow", /^[1-9]/);
      await tab.says("#line-list", /GET \/ 200/);
      const before = await tab.text("#container-rows tr td:nth-child(6)");
      await tab.says("#container-rows tr td:nth-child(6)", new RegExp(`^(?!${before}$)`));
      const path = await tab.page.locator(".chart path.area").first().getAttribute("d");
      await tab.page.waitForFunction(
        (old) => document.querySelector(".chart path.area")?.getAttribute("d") !== old,
        path,
      );
      expect(await tab.page.locator(".chart").count()).toBe(6);
      expect(await tab.text("#ready")).toBe("yes");
    } finally {
      clearInterval(timer);
    }
    expect(tab.incidents).toEqual([]);
  });

  it("searches lines, and filters them by container and stream", async () => {
    await using live = await LivePage.start();
    const [web, db] = [live.fake.create({ name: "web" }), live.fake.create({ name: "db" })];
    web.write("request (1) done");
    web.write("request (2) failed", { stream: "stderr" });
    db.write("query DONE");
    await using tab = await Tab.open(browser(), live.page.url);
    await tab.says("#line-list", /DONE/);
    await tab.page.getByRole("searchbox", { name: "Search" }).fill("done");
    expect(await tab.lines()).toEqual(["request (1) done", "query DONE"]);
    expect(await tab.page.locator("mark").allInnerTexts()).toEqual(["done", "DONE"]);
    await tab.page.getByRole("searchbox", { name: "Search" }).fill("(2)");
    expect(await tab.lines()).toEqual(["request (2) failed"]);
    await tab.page.getByRole("searchbox", { name: "Search" }).fill("");
    await tab.page.locator("#container").selectOption("db");
    expect(await tab.lines()).toEqual(["query DONE"]);
    await tab.page.locator("#stream").selectOption("stderr");
    expect(await tab.lines()).toEqual([]);
    await tab.says("#line-state", /None of the lines/);
    await tab.page.locator("#container").selectOption("All");
    expect(await tab.lines()).toEqual(["request (2) failed"]);
    // Of those that come later, too.
    db.write("later");
    web.write("later, and wrong", { stream: "stderr" });
    await tab.says("#line-list", /later, and wrong/);
    expect(await tab.lines()).toEqual(["request (2) failed", "later, and wrong"]);
    expect(tab.incidents).toEqual([]);
  });

  it("shows hostile lines and names as text, which does nothing", async () => {
    await using live = await LivePage.start({}, { source: { maxLineBytes: 32 * 1024 * 1024 } });
    const hostile = [
      "<script>alert(1)</script>",
      '<img src="http://evil.example/x.png" onerror="alert(2)">',
      "<style>*{display:none}</style><iframe src=javascript:alert(3)></iframe>",
      "\u001b]0;evil\u0007\u001b[2J\u001b[31mred",
      "\u202eexe.txt\u0000",
      "x".repeat(16 * 1024 * 1024),
    ];
    const name = '"><img src=x onerror=alert(4)>\u202e';
    const container = live.fake.create({ name, image: "<b>image</b>" });
    for (const line of hostile) container.write(line);
    await using tab = await Tab.open(browser(), live.page.url);
    await tab.says("#line-list", /more characters/);
    await tab.says("#container-rows", /onerror/);
    const lines = await tab.lines();
    expect(lines.slice(0, 5)).toEqual([
      hostile[0],
      hostile[1],
      hostile[2],
      "red",
      "\\u202eexe.txt\\u0000",
    ]);
    expect(lines[5]?.length).toBeLessThan(5_000);
    await tab.page.getByRole("searchbox", { name: "Search" }).fill("<img");
    expect(await tab.lines()).toEqual([hostile[1]]);
    expect(
      await tab.page.locator("img, iframe, object, style, body script, #line-list b").count(),
    ).toBe(0);
    expect(tab.incidents).toEqual([]);
  });

  it("says that capture stands still, in colour and in words, and when it flows again", async () => {
    await using live = await LivePage.start({}, { source: { reconnect: { maxDelayMs: 200 } } });
    const web = live.fake.create({ name: "web" });
    web.write("before");
    await using tab = await Tab.open(browser(), live.page.url);
    await tab.says("#line-list", /before/);
    const color = (): Promise<string> =>
      tab.page.evaluate(
        () => getComputedStyle(document.querySelector("header") ?? document.body).backgroundColor,
      );
    const well = await color();
    live.fake.fault = ({ path }) =>
      path.includes("/logs") ? { withholdHeaders: true } : undefined;
    web.cut();
    web.write("during");
    await tab.says("#headline", /^Capture stands still$/);
    expect(await color()).not.toBe(well);
    await tab.says(
      "#reason",
      /^streams: web can't be followed for \d+ s: .*no answer within 300 ms/,
    );
    await tab.says("#since", /^since \d\d:\d\d:\d\d UTC, \d+ s$/);
    await tab.says("#flow", /^0$/);
    await tab.says("#announcement", /^Capture stands still$/);
    await tab.says("#container-rows tr td:last-child", /^not followed for \d+ s$/);
    await tab.says("#health-rows tr", /^streamsunhealthy/);
    expect(await tab.page.title()).toBe("Capture stands still · dockspool");
    live.fake.fault = undefined;
    await tab.says("#headline", /^Healthy/);
    await tab.says("#line-list", /during/);
    expect(await color()).toBe(well);
    expect(tab.incidents).toEqual([]);
  });

  it("says that the collector is gone and since when, and goes on with the next one", async () => {
    const first = await LivePage.start();
    const port = Number(new URL(first.page.url).port);
    await using tab = await Tab.open(browser(), first.page.url);
    await tab.says("#headline", /^Healthy/);
    await first[Symbol.asyncDispose]();
    await tab.says("#headline", /^Connection to the collector is lost$/);
    await tab.says("#since", /^since \d\d:\d\d:\d\d UTC/);
    expect(await tab.page.locator("header").getAttribute("data-tone")).toBe("lost");
    await using second = await LivePage.start({ port, label: "the next one" });
    second.fake.create({ name: "web" }).write("from the next one");
    await tab.says("#headline", /^Healthy/);
    await tab.says("#label", /^the next one$/);
    await tab.says("#line-list", /from the next one/);
    expect(tab.incidents).toEqual([]);
  });

  it("is used by keyboard: tables, charts, filters, pause", async () => {
    await using live = await LivePage.start();
    const web = live.fake.create({ name: "web" });
    web.write("first");
    await using tab = await Tab.open(browser(), live.page.url);
    await tab.says("#line-list", /first/);
    await tab.says("#container-rows", /web/);
    const { keyboard } = tab.page;
    const focused = (): Promise<string> =>
      tab.page.evaluate(() => {
        const { activeElement: element } = document;
        if (element === null || getComputedStyle(element).outlineStyle === "none")
          return "not seen";
        if (element.id !== "") return element.id;
        return element.getAttribute("aria-labelledby") ?? element.tagName.toLowerCase();
      });
    const order: string[] = [];
    for (let index = 0; index < 15; index++) {
      await keyboard.press("Tab");
      order.push(await focused());
    }
    expect(order).toEqual([
      "a",
      ...Array.from({ length: 6 }, () => "svg"),
      "containers-title",
      "button",
      "health-title",
      "search",
      "container",
      "stream",
      "pause",
      "line-list",
    ]);
    await tab.page.getByRole("button", { name: "web" }).press("Enter");
    expect(await tab.page.locator("#container").inputValue()).toBe(web.id);
    expect(await focused()).toBe("search");
    await tab.page.locator(".chart svg").first().press("ArrowLeft");
    await tab.says(".moment", /^\d\d:\d\d:\d\d$/);
    await tab.page.getByRole("button", { name: "Pause" }).press("Space");
    web.write("held back");
    await tab.says("#line-state", /Paused; 1 have come since/);
    expect(await tab.lines()).toEqual(["first"]);
    await tab.page.getByRole("button", { name: "Pause" }).press("Space");
    expect(await tab.lines()).toEqual(["first", "held back"]);
    const rows = await tab.page.getByRole("table", { name: "Containers" }).getByRole("row").count();
    expect(rows).toBe(2);
    expect(tab.incidents).toEqual([]);
  });

  it("is legible in light and dark, and as wide as the window down to 360 px", async () => {
    await using live = await LivePage.start();
    for (let index = 0; index < 8; index++) {
      const container = live.fake.create({ name: `a-container-with-quite-a-long-name-${index}` });
      container.write(`${"averylongwordwithoutanyspace".repeat(20)} ${index}`);
      container.write("wrong", { stream: "stderr" });
    }
    await using tab = await Tab.open(browser(), live.page.url);
    await tab.page.waitForFunction(() => document.querySelectorAll("#line-list li").length === 16);
    await tab.says("#container-rows", /streaming/);
    for (const colorScheme of ["light", "dark"] as const) {
      await tab.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const width of [1280, 800, 360]) {
        await tab.page.setViewportSize({ width, height: 800 });
        expect(await tab.page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      }
      for (const tone of ["healthy", "degraded", "unhealthy", "still", "lost"]) {
        const all = await contrasts(tab.page, tone);
        expect(all.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
      }
    }
    expect(tab.incidents).toEqual([]);
  });
});
