/** Chromium through playwright-core. */
import { chromium, type Browser } from "playwright-core";
import type { BrowserEngine, EnginePage } from "./engine.ts";

// Containers have no sandbox of Chromium's and little shared memory. The rest as everybody has it.
export const chromiumArgs = ["--no-sandbox", "--disable-dev-shm-usage"];

/** @param switches beside those that every test has. */
export async function launchChromium(
  executablePath: string,
  switches: readonly string[] = [],
): Promise<BrowserEngine> {
  const browser = await chromium.launch({ executablePath, args: [...chromiumArgs, ...switches] });
  return { open: (url) => openPage(browser, url), close: () => browser.close() };
}

async function openPage(browser: Browser, url: string): Promise<EnginePage> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", ({ message }) => faults.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  await page.goto(url, { timeout: 60_000 });
  return {
    evaluate: (expression) => page.evaluate<string>(expression),
    takeFaults: () => Promise.resolve(faults.splice(0)),
    accidents: {
      endGraphics: async () => {
        const session = await browser.newBrowserCDPSession();
        await session.send("Browser.crashGpuProcess");
        await session.detach();
      },
      setOffline: (isOffline) => context.setOffline(isOffline),
    },
    close: () => context.close(),
  };
}
