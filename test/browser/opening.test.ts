/** How models are opened in a page: the built-in one, chosen files, and copies that are kept from visit to visit. */
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeInBrowser, type TestPage } from "./test-page.ts";

const weightsName = "diffusion_pytorch_model.safetensors";
const weightsBytes = 3_367_558;

/** What a page gets that opens a model: how many parameters, and the sum of some. */
interface Visit {
  readonly parameterCount: number;
  readonly sum: number;
  readonly warnings: string[];
}

describeInBrowser("a page that opens a model", (browser) => {
  let page: TestPage;
  beforeEach(async () => {
    const server = browser.server();
    server.faults = {};
    page = await browser.openPage();
    server.requests.length = 0;
  });
  afterEach(() => page[Symbol.asyncDispose]());

  const visit = (source: string | null, cache = true): Promise<Visit> =>
    page.inPage(
      async ({ vaekit }, { source, cache }) => {
        const warnings: string[] = [];
        const onWarning = (message: string): void => void warnings.push(message);
        const { AutoencoderKL, openVae } = vaekit;
        const options = { onWarning, cache };
        const vae = source === null ? await AutoencoderKL.default(options) : await openVae(source, options);
        const weights = await vae.stateDict();
        await vae.dispose();
        const sum = weights
          .get("encoder.conv_in.weight")!
          .toFloat32()
          .data.reduce((a, b) => a + b, 0);
        return { parameterCount: vae.parameterCount, sum, warnings };
      },
      { source, cache },
    );
  /** Bytes of the model's weights that the server sent. */
  const sentBytes = (): number =>
    browser
      .server()
      .requests.filter(({ path }) => path.endsWith(weightsName))
      .reduce((total, { bytes }) => total + bytes, 0);

  test("has the built-in model by one call", async () => {
    const builtIn = await visit(null);
    expect(builtIn.parameterCount).toBe(1_674_963);
    expect(builtIn.sum).toBe((await visit("/model/")).sum);
    expect(builtIn.warnings).toEqual([]);
  });

  test("has its preview model by one call, which decodes the same latents first", async () => {
    const { parameterCount, previews } = await page.inPage(async ({ vaekit }) => {
      const { AutoencoderKL, AutoencoderTiny, Tensor } = vaekit;
      const [vae, tiny] = [await AutoencoderKL.default(), await AutoencoderTiny.default()];
      const previews: number[][] = [];
      await vae.decode(Tensor.zeros([1, 16, 2, 3]), {
        preview: tiny,
        onPreview: ({ sample }) => void previews.push([...sample.shape]),
      });
      await vae.dispose();
      await tiny.dispose();
      return { parameterCount: tiny.parameterCount, previews };
    });
    expect(parameterCount).toBe(143_987);
    expect(previews).toEqual([[1, 3, 16, 24]]);
  });

  test.each<[404 | "html", string]>([
    [404, "NOT_FOUND"],
    ["html", "INVALID_FILE"],
  ])("learns where a bundler should have put the built-in model: %s", async (fault, code) => {
    page.expectNetworkFaults();
    browser.server().faults = { [weightsName]: fault };
    await expect(visit(null, false)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(
        /^http.*\/assets\/default-vae\/diffusion_pytorch_model\.safetensors: .* The bundler has left .* copy .* to that address/,
      ) as string,
    });
  });

  test("loads the engine while the weights are on their way", async () => {
    const { requests } = browser.server();
    browser.server().faults = { [weightsName]: "stalled" };
    await page.inPage(({ vaekit }) => {
      const stop = new AbortController();
      const opening = vaekit.openVae("/model/", { cache: false, signal: stop.signal });
      Object.assign(globalThis, { stop, opening });
      return Promise.resolve();
    });
    const isAsked = (end: string): boolean => requests.some(({ path }) => path.endsWith(end));
    await expect.poll(() => isAsked(".wasm") && isAsked(weightsName), { timeout: 60_000 }).toBe(true);
    const stopped = page.inPage(async () => {
      const { stop, opening } = globalThis as unknown as { stop: AbortController; opening: Promise<unknown> };
      stop.abort();
      await opening;
    });
    await expect(stopped).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("downloads no weights the second time, nor without the server", async () => {
    const first = await visit("/model/");
    expect(sentBytes()).toBe(weightsBytes);
    expect(await visit("/model/")).toEqual(first);
    expect(sentBytes()).toBe(weightsBytes);
    page.expectNetworkFaults();
    browser.server().faults = { [weightsName]: 503, "config.json": 503 };
    const { warnings, ...offline } = await visit("/model/");
    expect({ ...offline, warnings: [] }).toEqual(first);
    expect(warnings).toEqual(
      new Array(2).fill(expect.stringMatching(/HTTP 503.* The copy that was kept is used\.$/)),
    );
    expect(sentBytes()).toBe(weightsBytes);
  });

  test("downloads again what was damaged, and all of it where nothing may be kept", async () => {
    const first = await visit("/model/");
    await page.inPage(async () => {
      const cache = await caches.open("vaekit");
      for (const request of await cache.keys()) {
        const kept = (await cache.match(request))!;
        await cache.put(request, new Response((await kept.blob()).slice(0, 400), { headers: kept.headers }));
      }
    });
    expect(await visit("/model/")).toEqual(first);
    expect(sentBytes()).toBe(2 * weightsBytes);
    await visit("/model/", false);
    expect(sentBytes()).toBe(3 * weightsBytes);
  });

  test("can give the room back", async () => {
    await visit("/model/");
    const isThere = await page.inPage(({ vaekit }) => vaekit.clearModelCache());
    expect(isThere).toBe(true);
    expect(await page.inPage(async () => caches.has("vaekit"))).toBe(false);
    expect(await page.inPage(({ vaekit }) => vaekit.clearModelCache())).toBe(false);
  });

  test("can keep the copies where it likes", async () => {
    const kept = await page.inPage(async ({ vaekit }) => {
      const cache = await caches.open("mine");
      await (await vaekit.openVae("/model/", { cache })).dispose();
      return (await cache.keys()).map(({ url }) => new URL(url).pathname);
    });
    expect(kept).toEqual(["/model/config.json", `/model/${weightsName}`]);
    expect(await page.inPage(async () => caches.has("vaekit"))).toBe(false);
  });

  test("opens the files that a user chose, and files that it saved", async () => {
    const files = {
      config: (await readFile("assets/default-vae/config.json")).toString(),
      weights: new Uint8Array(await readFile(`assets/default-vae/${weightsName}`)),
    };
    const found = await page.inPage(async ({ vaekit }, { config, weights }) => {
      const chosen = new DataTransfer();
      chosen.items.add(new File([config], "config.json"));
      chosen.items.add(new File([weights], "diffusion_pytorch_model.safetensors"));
      const vae = await vaekit.openVae(chosen.files);
      const saved = await vae.savedFiles();
      await vae.dispose();
      const again = await vaekit.openVae([...saved].map(([name, blob]) => new File([blob], name)));
      await again.dispose();
      const sizes = [...saved].map(([name, blob]) => [name, blob.size] as const);
      return { sizes, isSame: JSON.stringify(again.config) === JSON.stringify(vae.config) };
    }, files);
    expect(found.isSame).toBe(true);
    expect(found.sizes).toEqual([
      [weightsName, weightsBytes],
      ["config.json", expect.any(Number)],
    ]);
    expect(sentBytes()).toBe(0);
  });

  test("is told of every byte, and stops at once when it is told to", async () => {
    browser.server().faults = { [weightsName]: "slow" };
    const found = await page.inPage(async ({ vaekit }) => {
      const controller = new AbortController();
      const events: unknown[] = [];
      const error: unknown = await vaekit
        .openVae("/model/", {
          cache: false,
          signal: controller.signal,
          onProgress: (event) => {
            events.push(event);
            if (events.length === 5) controller.abort();
          },
        })
        .catch((thrown: unknown) => thrown);
      return { events, code: (error as { code: string }).code };
    });
    expect(found.code).toBe("ABORTED");
    expect(found.events).toHaveLength(5);
    expect(found.events.at(-1)).toMatchObject({ file: weightsName, totalBytes: weightsBytes });
  });

  test.each<[string, string, RegExp]>([
    ["html", "INVALID_FILE", /config\.json: expected JSON, found an HTML page/],
    ["truncated", "IO", /model\.safetensors: the connection broke after \d+ of 3367558 bytes .*Try again/],
  ])("is told what is wrong with a file: %s", async (fault, code, message) => {
    page.expectNetworkFaults();
    browser.server().faults = { [fault === "html" ? "config.json" : weightsName]: fault as "html" };
    await expect(visit("/model/", false)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test("is told of a server that does not let it read", async () => {
    const other = browser.server({ isIsolated: true });
    page.expectNetworkFaults();
    other.faults = { "config.json": "no-cors" };
    await expect(visit(`${other.origin}/model/`)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringMatching(
        /could not be fetched .*does it allow other origins \(CORS\)\?$/,
      ) as string,
    });
    other.faults = {};
    expect((await visit(`${other.origin}/model/`)).parameterCount).toBe(1_674_963);
  });
});
