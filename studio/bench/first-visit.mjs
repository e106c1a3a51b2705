/**
 * The first visit to each view, with nothing kept, at 20 Mbit/s: when the prepared picture is painted, and when the view is live.
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

process.stdout.write("view         picture ms  live ms  MB (medians of rounds)\n");
for (const view of views) {
  const visits = [];
  for (let round = 0; round < Number(rounds); round++) visits.push(await visit(view));
  const picture = Math.round(median(visits.map((each) => each.picture)));
  const live = Math.round(median(visits.map((each) => each.live)));
  const megabytes = (median(visits.map(({ bytes }) => bytes)) / 1e6).toFixed(2);
  process.stdout.write(
    `${view.padEnd(12)} ${String(picture).padStart(10)} ${String(live).padStart(8)}  ${megabytes}\n`,
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
  const seen = page.locator("html[data-live-at]");
  await seen.waitFor({ timeout: 0 });
  const bytes = host.sentBytes - before;
  const times = await seen.evaluate(({ dataset }) => Object.fromEntries(Object.entries(dataset)));
  await browser.close();
  return { picture: Number(times["pictureAt"]), live: Number(times["liveAt"]), bytes };
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
    const isLive =
      document.querySelector('main[data-phase="ready"][aria-busy="false"]') !== null &&
      document.querySelector('.stage:not([aria-busy="true"])') !== null;
    if (isLive && dataset["pictureAt"] !== undefined) dataset["liveAt"] = String(performance.now());
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
