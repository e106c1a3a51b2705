/** A page whose worker stays: as long as a model is open, others share it, and nothing is compiled, started or tested again. */
import type { BrowserUnderTest, TestPage } from "./test-page.ts";

export async function openPageWithWorker(
  browser: BrowserUnderTest,
  device: "cpu" | "webgpu",
): Promise<TestPage> {
  const page = await browser.openPage();
  await page.inPage(
    async ({ vaekit }, { device }) => {
      const kept = globalThis as { kept?: unknown };
      kept.kept = await vaekit.AutoencoderTiny.default({ device });
    },
    { device },
  );
  return page;
}
