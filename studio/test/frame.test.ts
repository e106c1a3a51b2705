/** What holds for every view: its keys, its address, and what works without a network. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type Axe from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { viewIds } from "../src/views/view.ts";
import { openStudio, settled, type OpenedStudio } from "./studio-page.ts";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let studio: OpenedStudio;
beforeAll(async () => {
  // Below a path, as on hosts that give each project a folder.
  studio = await openStudio("/x/y/");
});
afterAll(() => studio.close());

/** What axe-core finds wrong with the page, in a line each. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe: checker } = window as unknown as { axe: typeof Axe };
    const found = await checker.run(document);
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}

/** What could be used from the beginning and the tab key does not reach. Of radio buttons it reaches one; arrows reach the others. */
async function missedByTab(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    const usable =
      "a, button:not(:disabled), input:not([hidden]):not(:disabled), summary, [role=application]";
    for (const each of document.querySelectorAll<HTMLElement>("[data-reached]"))
      delete each.dataset["reached"];
    for (const each of document.querySelectorAll<HTMLElement>(usable)) {
      if (each.checkVisibility()) each.dataset["usable"] = "yes";
    }
  });
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press("Tab");
    const isNew = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const isRadio = element instanceof HTMLInputElement && element.type === "radio";
      if (element.dataset["reached"] !== undefined) return false;
      element.dataset["reached"] = isRadio ? element.name : "yes";
      return true;
    });
    // Round once, past the browser's own bars.
    if (!isNew && presses > 20) break;
  }
  return page.evaluate(() => {
    const reached = [...document.querySelectorAll<HTMLElement>("[data-reached]")];
    const groups = new Set(reached.map(({ dataset }) => dataset["reached"]));
    return [...document.querySelectorAll<HTMLElement>("[data-usable]:not([data-reached])")]
      .filter((each) => !(each instanceof HTMLInputElement && each.type === "radio" && groups.has(each.name)))
      .map((each) => each.outerHTML);
  });
}

describe("in both languages and in light and dark colours", () => {
  let page: Page;
  beforeAll(async () => {
    page = await studio.open("", { ofOneTest: false });
  });
  afterAll(() => page.context().close());

  test.each(viewIds)(
    "%s: axe-core finds nothing, and the tab key reaches everything that can be used",
    async (id) => {
      await page.keyboard.press(String(viewIds.indexOf(id) + 1));
      await page.locator(`main[data-view="${id}"] .controls`).waitFor();
      await settled(page);
      await page.locator("details").evaluateAll((all) => {
        for (const each of all as HTMLDetailsElement[]) each.open = true;
      });
      for (const language of ["English", "中文"]) {
        const change = page.getByRole("button", { name: language });
        if ((await change.count()) > 0) await change.click();
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          expect(await violations(page), `${language}, ${colorScheme}`).toEqual([]);
        }
        expect(await missedByTab(page), language).toEqual([]);
      }
    },
  );
});

test("the number keys show the views, and the browser's way back leads back", async () => {
  const page = await studio.open("", { live: false });
  for (const [i, id] of viewIds.entries()) {
    await page.keyboard.press(String(i + 1));
    await page.waitForSelector(`main[data-view="${id}"]`);
  }
  await page.goBack();
  await page.waitForSelector(`main[data-view="${viewIds.at(-2)!}"]`);
  await page.keyboard.press("?");
  expect(await page.getByRole("dialog").isVisible()).toBe(true);
  await page.keyboard.press("Escape");
  expect(await page.getByRole("dialog").count()).toBe(0);
});

test("formula and code are those of the view that is shown", async () => {
  const page = await studio.open("", { live: false });
  for (const summary of await page.locator("summary").all()) await summary.click();
  await page.getByText("PSNR compares 8-bit pictures").waitFor();
  await page.keyboard.press("5");
  await page.getByText("u what a diffusion model works on").waitFor();
  expect(await page.locator("footer pre").textContent()).toContain("scaling_factor");
});

test("something is to be seen before the model is there", async () => {
  const page = await studio.open("?view=scaling", { live: false, serviceWorkers: "block" });
  await page.route("**/*.safetensors", () => undefined);
  await page.reload();
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("canvas[data-name=scaling-yours]");
    return canvas?.getContext("2d")?.getImageData(100, 100, 1, 1).data[3] === 255;
  });
  expect(await page.locator("data#psnr-yours").textContent()).toBe("14.6 dB");
  expect(await page.locator("main").getAttribute("data-phase")).toBe("loading");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.waitForSelector('main[data-phase="stopped"]');
  expect(await page.locator("#status").textContent()).toBe("The model is not loaded");
});

test("both languages have the whole page, and the choice is remembered", async () => {
  const page = await studio.open("", { live: false });
  await page.getByRole("button", { name: "Language: 中文" }).click();
  expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
  expect(await page.title()).toContain("工作室");
  await page.reload();
  expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
});

test("after one visit everything works without a network, and nothing is fetched again", async () => {
  const page = await studio.open();
  await page.getByText("It works without a network now").waitFor();
  await page.context().setOffline(true);
  await page.goto(`${studio.url}?view=scaling`);
  await settled(page);
  expect(Number(await page.locator("data#psnr-yours").getAttribute("value"))).toBeCloseTo(14.6188, 3);
});

test("a new version of the page keeps the model that it has unchanged", async () => {
  const page = await studio.open();
  await page.getByText("It works without a network now").waitFor();
  const script = await readFile(new URL("../dist/service-worker.js", import.meta.url), "utf8");
  const next = script.replace(/vaekit-studio-page-[0-9a-f]+/, "vaekit-studio-page-next");
  expect(next).not.toBe(script);
  const asked = await studio.withFile("service-worker.js", next, async () => {
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const isControlled = new Promise((resolve) => {
        navigator.serviceWorker.addEventListener("controllerchange", resolve);
      });
      await registration.update();
      await isControlled;
    });
  });
  expect(asked).toContain("icon.svg");
  expect(asked.filter((path) => /^model\/|^assets\//.test(path))).toEqual([]);
  await page.waitForFunction(async () => {
    const names = await caches.keys();
    const pages = names.filter((name) => name.startsWith("vaekit-studio-page-"));
    return pages.length === 1 && pages[0] === "vaekit-studio-page-next";
  });
});
