/** What pages, files and browsers do wrong is answered with one sentence and what to do. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { describeInBrowser, describeInChromium } from "./test-page.ts";

const refusal = (code: string, message: RegExp): object => ({
  code,
  message: expect.stringMatching(message) as string,
});

describeInBrowser("a page with a picture of 40 megapixels", (browser) => {
  test("encodes it smaller, and hears what memory it would take as it is", async () => {
    await using page = await browser.openPage();
    const found = await page.inPage(async ({ vaekit }) => {
      const canvas = new OffscreenCanvas(8000, 5000);
      canvas.getContext("2d")!.fillRect(1000, 1000, 4000, 2000);
      const blob = await canvas.convertToBlob();
      const vae = await vaekit.openVae("/model/");
      const { shape, data } = await vae.encodeImage(blob, { size: 64 });
      const error: unknown = await vae
        .encodeImage(blob, { maxMemoryBytes: 1e9 })
        .catch((thrown: unknown) => thrown);
      await vae.dispose();
      const { code, message } = error as { code: string; message: string };
      return { shape, isFinite: [...data].every(Number.isFinite), error: { code, message } };
    });
    expect([found.shape, found.isFinite]).toEqual([[1, 16, 8, 12], true]);
    expect(found.error).toEqual(
      refusal(
        "INVALID_ARGUMENT",
        /^maxMemoryBytes: expected at least \d+ MB for encoding 8000x5000, found 1000 MB\. Allow more memory, or take a smaller picture\.$/,
      ),
    );
  });
});

describeInBrowser("a page whose weights are a pickle", (browser) => {
  test("is told how to convert it, and runs nothing of it", async () => {
    const config = (await readFile("assets/default-vae/config.json")).toString();
    await using page = await browser.openPage();
    const open = page.inPage(async ({ vaekit }, config) => {
      // An empty dictionary, as Python's pickle writes it in protocol 2.
      const pickle = Uint8Array.of(0x80, 2, 0x7d, 0x71, 0, 0x2e);
      const weights = new File([pickle], "diffusion_pytorch_model.bin");
      await vaekit.openVae([new File([config], "config.json"), weights]);
    }, config);
    await expect(open).rejects.toMatchObject(
      refusal(
        "UNSUPPORTED",
        /found only a pickle, .* can run any code in it\. To convert it once in Python, /,
      ),
    );
  });
});

describeInBrowser("a browser in which WebAssembly", (browser) => {
  const accidents = {
    "has no SIMD": [
      "UNSUPPORTED",
      /^onnxruntime-web needs WebAssembly with SIMD, which this browser does not have\. Use Chrome 91, /,
    ],
    "gets no memory": [
      "RUNTIME",
      /^There is not enough memory for the graph decoder \(.*\)\. Close other tabs, /,
    ],
    "gets no more memory": [
      "RUNTIME",
      /^There is not enough memory for the graph decoder \(.*\)\. Close other tabs, /,
    ],
  } as const;

  describe.each(Object.entries(accidents))("%s", (accident, [code, message]) => {
    test("says so", async () => {
      await using page = await browser.openPage();
      const decode = page.inPage(async ({ vaekit }, accident) => {
        const refuse = (): never => {
          throw new RangeError("could not allocate memory");
        };
        if (accident === "has no SIMD") WebAssembly.validate = () => false;
        else if (accident === "gets no more memory") WebAssembly.Memory.prototype.grow = refuse;
        else WebAssembly.Memory = new Proxy(WebAssembly.Memory, { construct: refuse });
        // In the page's own thread, which is where it has these accidents.
        const vae = await vaekit.openVae("/model/", { worker: false });
        await vae.decode(vaekit.Tensor.zeros([1, 16, 32, 32]), { tiling: "off" });
      }, accident);
      await expect(decode).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
    });
  });
});

describeInChromium("a browser that is offline", [], (browser) => {
  test("says so at the first visit, and opens the model when it is back", async () => {
    await using page = await browser.openPage();
    page.expectNetworkFaults();
    const open = () =>
      page.inPage(async ({ vaekit }) => {
        const vae = await vaekit.openVae("/model/");
        await vae.dispose();
        return vae.parameterCount;
      });
    await page.accidents.setOffline(true);
    await expect(open()).rejects.toMatchObject(
      refusal(
        "IO",
        /config\.json: could not be fetched \(.*\)\. The browser is offline: connect, and try again\.$/,
      ),
    );
    await page.accidents.setOffline(false);
    expect(await open()).toBe(1_674_963);
  });
});
