/**
 * The first visit to each view, with nothing kept, at 20 Mbit/s: when the prepared picture is painted, when the
 * view shows the model's first result, and when nothing is computed any more.
 *
 *     npm run build && node bench/first-visit.mjs [rounds] [view …]
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { slowHost } from "./slow-host.mjs";

const [rounds = "3", ...chosen] = process.argv.slice(2);
const views =
  chosen.length > 0
    ? chosen
    : ["round-trip", "channels", "paint", "posterior", "scaling", "between", "robustness", "train"];
const root = process.env["STUDIO_DIST"] ?? fileURLToPath(new URL("../dist/", import.meta.url));
const executablePath = process.env["VAEKIT_CHROMIUM"] ?? "/usr/bin/chromium-headless-shell";

const host = await slowHost({ root, megabitsPerSecond: 20, latencyMs: 40 });
const assets = await readdir(join(root, "assets"));
await host.prepare(assets.map((name) => `assets/${name}`));

process.stdout.write("view         picture ms  live ms  at rest ms  MB (medians of rounds)\n");
for (const view of views) {
  const visits = [];
  for (let round = 0; round < Number(rounds); round++) visits.push(await visit(view));
  const picture = Math.round(median(visits.map((each) => each.picture)));
  const live = Math.round(median(visits.map((each) => each.live)));
  const rest = Math.round(median(visits.map((each) => each.rest)));
  const megabytes = (median(visits.map(({ bytes }) => bytes)) / 1e6).toFixed(2);
  process.stdout.write(
    `${view.padEnd(12)} ${String(picture).padStart(10)} ${String(live).padStart(8)} ${String(rest).padStart(11)}  ${megabytes}\n`,
  );
}
host.close();

/** @param {string} view */
async function visit(view) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
  await page.addInitScript(watch);
  const before = host.sentBytes;
  await page.goto(`${host.url}?view=${view}`, { waitUntil: "commit" });
  const seen = page.locator("html[data-rest-at]");
  await seen.waitFor({ timeout: 0 });
  const bytes = host.sentBytes - before;
  const times = await seen.evaluate(({ dataset }) => Object.fromEntries(Object.entries(dataset)));
  await browser.close();
  return {
    picture: Number(times["pictureAt"]),
    live: Number(times["liveAt"]),
    rest: Number(times["restAt"]),
    bytes,
  };
}

/** In the page: writes down when the first picture is drawn, and when nothing is computed any more. */
function watch() {
  const isDrawn = (/** @type {HTMLCanvasElement} */ canvas) => {
    const context = canvas.getContext("2d");
    return context?.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data[3] === 255;
  };
  const look = () => {
    const { dataset } = document.documentElement;
    const canvas = document.querySelector("canvas[data-name]");
    if (dataset["pictureAt"] === undefined && canvas instanceof HTMLCanvasElement && isDrawn(canvas)) {
      dataset["pictureAt"] = String(performance.now());
    }
    const main = document.querySelector('main[data-phase="ready"]');
    const stage = document.querySelector('.stage:not([aria-busy="true"])');
    // How long its last computation took is shown with the first result; training has an engine of its own.
    const hasResult = /\d/.test(document.querySelector("#status")?.textContent ?? "");
    if (
      dataset["liveAt"] === undefined &&
      main &&
      stage &&
      (hasResult || document.querySelector('main[data-view="train"]'))
    )
      dataset["liveAt"] = String(performance.now());
    const isAtRest = main?.ariaBusy === "false" && dataset["pictureAt"] !== undefined;
    if (isAtRest && dataset["liveAt"] !== undefined) dataset["restAt"] = String(performance.now());
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
