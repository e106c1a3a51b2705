/** The built studio in a real browser, and what a test asks of its page. */
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { serveStudio, type StudioServer } from "./server.ts";

const executablePath = process.env["VAEKIT_CHROMIUM"] ?? "/usr/bin/chromium-headless-shell";

export interface OpenedStudio {
  readonly url: string;
  readonly withFile: StudioServer["withFile"];
  /** A page at an address below the studio. */
  open(query?: string, options?: PageOptions): Promise<Page>;
  /** @throws where any page has asked another origin for anything. */
  close(): Promise<void>;
}

export interface PageOptions extends BrowserContextOptions {
  /** Whether to wait until the model is open. @default true */
  readonly live?: boolean;
  /** Whether it is of one test, and closed with it: what still computes in it would take the next one's time. @default true */
  readonly ofOneTest?: boolean;
  /** Whether the visitor lets it ask another site. @default false */
  readonly mayAskOthers?: boolean;
}

/** Less than a test may take. What hangs says where; nothing is judged by its time. */
const patienceMs = 170_000;

export async function openStudio(base = "/"): Promise<OpenedStudio> {
  const server = await serveStudio(base);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const foreign: string[] = [];
  return {
    url: server.url,
    withFile: (...given) => server.withFile(...given),
    open: (query = "", options = {}) => openPage({ server, browser, foreign }, query, options),
    close: async () => {
      await browser.close();
      await server.close();
      expect(foreign).toEqual([]);
    },
  };
}

interface Parts {
  readonly server: StudioServer;
  readonly browser: Browser;
  /** Addresses of other origins that any page has asked for. */
  readonly foreign: string[];
}

async function openPage(
  { server, browser, foreign }: Parts,
  query: string,
  { live = true, ofOneTest = true, mayAskOthers = false, ...options }: PageOptions,
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: "en-US",
    ...options,
  });
  context.setDefaultTimeout(patienceMs);
  if (ofOneTest) onTestFinished(() => context.close());
  const page = await context.newPage();
  const { origin } = new URL(server.url);
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (!mayAskOthers && url.origin !== origin && !["data:", "blob:"].includes(url.protocol))
      foreign.push(url.href);
  });
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.goto(server.url + query);
  if (live) await settled(page);
  return page;
}

/** Until the model is open, the view and its picture are there, and nothing is being computed. */
export async function settled(page: Page): Promise<void> {
  // What was done to the page is seen in its next task at the latest.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  // A view may have an engine of its own, with which its stage is busy.
  await page.waitForFunction(() => {
    const is = (selector: string): boolean => document.querySelector(selector) !== null;
    return (
      is('main[data-phase="ready"][aria-busy="false"]') && is(".stage") && !is('.stage[aria-busy="true"]')
    );
  });
}

/** A number that the page shows, with all its digits. */
export async function figure(page: Page, id: string): Promise<number> {
  const value = await page.locator(`data#${id}`).getAttribute("value");
  if (value === null || value === "") throw new Error(`The page has no number ${id} yet.`);
  return Number(value);
}
