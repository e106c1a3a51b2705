/**
 * What a page's process takes at its peak beside what the plan predicts, one call in a fresh tab: the built-in model, or the one in the
 * folder that VAEKIT_BENCH_MODEL names (an AutoencoderKL; `npm run bench` makes large ones with random weights).
 *
 *     npm run bench:browser -- memory
 */
import { afterAll, beforeAll, test } from "vitest";
import { rendererMemory } from "../../test/browser/renderer-memory.ts";
import { startStaticServer, type StaticServer } from "../../test/browser/static-server.ts";
import { describeInBrowser } from "../../test/browser/test-page.ts";

const folder = process.env["VAEKIT_BENCH_MODEL"] ?? "assets/default-vae";
/** Of a large model, a whole picture of 1024x1024 does not fit into WebAssembly. */
const sizes = process.env["VAEKIT_BENCH_MODEL"] === undefined ? [128, 256, 512, 1024] : [64, 128, 256, 512];
const calls = (["decode", "encode"] as const).flatMap((half) =>
  (["off", "exact"] as const).flatMap((tiling) => sizes.map((size) => ({ half, tiling, size }))),
);

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0).padStart(5);

describeInBrowser(`the memory of ${folder} in a page`, (browser) => {
  let server: StaticServer;
  beforeAll(async () => {
    server = await startStaticServer({ folders: { "/": folder } });
  });
  afterAll(() => server.close());

  test.each(calls)("$half $size px, tiling $tiling", async (call) => {
    await using page = await browser.openPage();
    const predictedBytes = await page.inPage(
      async ({ vaekit }, { origin, half, tiling, size }) => {
        const { AutoencoderKL, Generator } = vaekit;
        const vae = await AutoencoderKL.fromPretrained(origin, { cache: false });
        const { inChannels, latentChannels } = vae.config;
        const random = Generator.philox(1);
        let peakBytes = 0;
        const options = { tiling, onPlan: (plan: { peakBytes: number }) => (peakBytes = plan.peakBytes) };
        if (half === "encode") await vae.encode(random.randn([1, inChannels, size, size]), options);
        else await vae.decode(random.randn([1, latentChannels, size / 8, size / 8]), options);
        return peakBytes;
      },
      { ...call, origin: server.origin },
    );
    const { peakBytes } = rendererMemory();
    const { half, tiling, size } = call;
    const ratio = (predictedBytes / peakBytes).toFixed(2);
    console.log(
      `${half} ${size} px, tiling ${tiling}: predicted ${mebibytes(predictedBytes)} MiB, measured ${mebibytes(peakBytes)} MiB, ratio ${ratio}`,
    );
  });
});
