/**
 * The built-in model in a page: time, and for how long the page's main thread does not answer meanwhile. Beside it, in the same
 * minutes, Node's native runtime with one thread.
 *
 *     npm run bench:browser
 */
import { test } from "vitest";
import { AutoencoderKL, NodeRuntime, readImage, Tensor } from "../../src/node/index.ts";
import { rendererMemory } from "../../test/browser/renderer-memory.ts";
import { describeInBrowser, type BrowserUnderTest } from "../../test/browser/test-page.ts";

interface Row {
  readonly call: string;
  readonly ms: number;
  readonly stallMs: number;
}

const laterRuns = 5;

type Half = "encode" | "decode";

/** The same input in the page and in Node. */
async function inputsOf(
  vae: AutoencoderKL,
  size: number,
): Promise<{ pixels: Float32Array; latents: Float32Array }> {
  const pixels = vae.preprocess(await readImage("assets/sample.png"), { size });
  const { latentDist } = await vae.encode(pixels);
  return { pixels: pixels.toFloat32().data, latents: latentDist.mode().toFloat32().data };
}

/** The least of some runs' milliseconds: what is longer is somebody else's work. */
async function leastMs(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < laterRuns; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}

/** The least time and the longest stall of the calls of that name. */
function summary(rows: readonly Row[], call: string): Row {
  const found = rows.filter((row) => row.call === call);
  return {
    call,
    ms: Math.min(...found.map(({ ms }) => ms)),
    stallMs: Math.max(...found.map(({ stallMs }) => stallMs)),
  };
}

/** What the first calls of a page take that has warmed up, beside its later ones. */
function warmedText(rows: readonly Row[]): string {
  const ratio = (half: Half): string => {
    const [first, later] = [summary(rows, `first ${half}`).ms, summary(rows, `later ${half}`).ms];
    return `${half} ${first.toFixed(0)} ms, ${(first / later).toFixed(2)} times a later one`;
  };
  const { ms } = summary(rows, "warm-up");
  return `  after a warm-up of ${ms.toFixed(0)} ms, the first calls: ${ratio("encode")}; ${ratio("decode")}`;
}

function textOf(size: number, rows: readonly Row[], nativeMs: Readonly<Record<Half, number>>): string {
  const line = ({ call, ms, stallMs }: Row): string =>
    `  ${call.padEnd(14)}${ms.toFixed(0).padStart(7)} ms   longest stall ${stallMs.toFixed(0).padStart(5)} ms`;
  const coding = (["encode", "decode"] as const).flatMap((half) => {
    const [first, later] = [summary(rows, `first ${half}`), summary(rows, `later ${half}`)];
    const ratios = `, ${(later.ms / nativeMs[half]).toFixed(2)} times native (${nativeMs[half].toFixed(0)} ms)`;
    return [`${line(first)}, ${(first.ms / later.ms).toFixed(1)} times a later one`, line(later) + ratios];
  });
  return [`${size} px`, line(summary(rows, "open")), ...coding].join("\n");
}

interface PageWork {
  readonly size: number;
  readonly pixels: Float32Array;
  readonly latents: Float32Array;
  readonly warms: boolean;
}

/** The calls of a fresh page, and the most memory that it had. */
async function measuredPage(
  browser: BrowserUnderTest,
  work: PageWork,
): Promise<{ rows: readonly Row[]; peakBytes: number }> {
  await using page = await browser.openPage();
  const rows = await page.inPage(
    async ({ vaekit, watchStalls }, { size, pixels, latents, warms, laterRuns }) => {
      const { AutoencoderKL, Tensor } = vaekit;
      const rows: Row[] = [];
      const measure = async <T>(call: string, run: () => Promise<T>): Promise<T> => {
        const stop = watchStalls();
        const start = performance.now();
        const result = await run();
        rows.push({ call, ms: performance.now() - start, stallMs: stop() });
        // What has to be cleared away is not the next one's.
        await new Promise((resolve) => setTimeout(resolve, 100));
        return result;
      };
      const vae = await measure("open", () => AutoencoderKL.fromPretrained("/model/"));
      if (warms) await measure("warm-up", () => vae.warmUp({ size }));
      const picture = Tensor.from(pixels, [1, 3, size, size]);
      const code = Tensor.from(latents, [1, 16, size / 8, size / 8]);
      for (const when of ["first", ...Array.from({ length: laterRuns }, () => "later")]) {
        await measure(`${when} encode`, () => vae.encode(picture));
        await measure(`${when} decode`, () => vae.decode(code));
      }
      await vae.dispose();
      return rows;
    },
    { ...work, laterRuns },
  );
  return { rows, peakBytes: rendererMemory().peakBytes };
}

describeInBrowser("the built-in model in a page", (browser) => {
  test.each([256, 512])("at %d px", async (size) => {
    const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
    const vae = await AutoencoderKL.default({ runtime });
    const { pixels, latents } = await inputsOf(vae, size);
    const [rows, warmed] = [
      await measuredPage(browser, { size, pixels, latents, warms: false }),
      await measuredPage(browser, { size, pixels, latents, warms: true }),
    ];
    const picture = Tensor.from(pixels, [1, 3, size, size]);
    const code = Tensor.from(latents, [1, 16, size / 8, size / 8]);
    const nativeMs = {
      encode: await leastMs(() => vae.encode(picture)),
      decode: await leastMs(() => vae.decode(code)),
    };
    await vae.dispose();
    await runtime.dispose();
    console.log([textOf(size, rows.rows, nativeMs), warmedText(warmed.rows)].join("\n"));
    console.log(`  the renderer's peak: ${(rows.peakBytes / 1e6).toFixed(0)} MB`);
  });
});
