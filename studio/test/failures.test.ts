/** What goes wrong: every time a sentence in the visitor's language and one thing to do, and the page goes on. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failureText } from "../src/text/failures.ts";
import { frameText } from "../src/text/frame.ts";
import { figure, openStudio, settled, type OpenedStudio } from "./studio-page.ts";

let studio: OpenedStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

type Text = keyof (typeof failureText)["en"];
/** A service worker would answer in the server's place. */
const plain = { live: false, serviceWorkers: "block" } as const;

const asset = (name: string): Promise<Buffer> => readFile(new URL(`../../assets/${name}`, import.meta.url));
const choose = (page: Page, name: string, buffer: Buffer, mimeType = ""): Promise<void> =>
  page.locator("#studio > input[type=file]").setInputFiles({ name, mimeType, buffer });

/** The sentence and the button in both languages; the page is in English again afterwards. */
async function said(
  page: Page,
  sentence: Text,
  action: Text,
  values: Readonly<Record<string, string>> = {},
): Promise<void> {
  const filled = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
  for (const language of ["en", "zh"] as const) {
    const alert = page.getByRole("alert");
    await alert.getByText(failureText[language][sentence]).waitFor();
    await alert.getByRole("button", { name: filled(failureText[language][action]) }).waitFor();
    await page.getByRole("button", { name: language === "en" ? "中文" : "English" }).click();
  }
}
const act = (page: Page): Promise<void> => page.getByRole("alert").getByRole("button").click();
const isQuiet = (page: Page): Promise<void> => page.getByRole("alert").waitFor({ state: "detached" });

test("a host that answers every path with its page", async () => {
  const page = await studio.open("", plain);
  await page.route("**/config.json", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Not here</title>" }),
  );
  await page.reload();
  await said(page, "badConfig", "tryAgain");
  await page.unroute("**/config.json");
  await act(page);
  await settled(page);
  await isQuiet(page);
});

test("weights that are cut off", async () => {
  const page = await studio.open("", plain);
  const weights = await asset("default-vae/diffusion_pytorch_model.safetensors");
  const half = weights.subarray(0, weights.length >> 1);
  await page.route("**/*.safetensors", (route) => route.fulfill({ body: half }));
  await page.reload();
  await said(page, "damaged", "tryAgain");
  await page.unroute("**/*.safetensors");
  await act(page);
  await settled(page);
  await isQuiet(page);
});

test("the visitor's weights that are cut off; the model before goes on", async () => {
  const page = await studio.open();
  const weights = await asset("default-preview/diffusion_pytorch_model.safetensors");
  await choose(page, "mine.safetensors", weights.subarray(0, 100_000));
  await said(page, "damaged", "chooseAnother");
  const chooser = page.waitForEvent("filechooser");
  await act(page);
  await chooser;
  await page.keyboard.press("2");
  await page.getByRole("button", { name: "Channel 3," }).click();
  await page.waitForSelector('main[aria-busy="false"]');
  expect(await figure(page, "psnr-edited")).toBeGreaterThan(5);
});

test("a picture of 40 megapixels is taken", async () => {
  const page = await studio.open("", { live: false });
  const background = { r: 200, g: 90, b: 40 };
  const png = await sharp({ create: { width: 8000, height: 5000, channels: 3, background } })
    .png()
    .toBuffer();
  await choose(page, "large.png", png, "image/png");
  await page.getByRole("button", { name: "Your own" }).waitFor();
  await settled(page);
  expect(await figure(page, "psnr")).toBeGreaterThan(20);
});

test.each([
  ["model.ckpt", "pickle"],
  ["notes.pdf", "notAFile"],
  ["broken.png", "noPicture"],
] as const)("%s", async (name, sentence) => {
  const page = await studio.open("", { live: false });
  const type = name.endsWith(".png") ? "image/png" : name.endsWith(".pdf") ? "application/pdf" : "";
  await choose(page, name, Buffer.from("<html>"), type);
  await said(page, sentence, "chooseAnother");
  const chooser = page.waitForEvent("filechooser");
  await act(page);
  await (
    await chooser
  ).setFiles({ name: "fine.png", mimeType: "image/png", buffer: await asset("sample.png") });
  await isQuiet(page);
});

test("a model of another site is not asked for before the visitor says so, and may be refused", async () => {
  const other = new URL(studio.url);
  other.hostname = "localhost";
  const asked: string[] = [];
  const page = await studio.open(`?model=${other.href}model/`, { ...plain, mayAskOthers: true });
  page.on("request", (request) => {
    if (request.url().startsWith(other.origin)) asked.push(request.url());
  });
  await page.getByText(`This link names a model of ${other.host}`).waitFor();
  expect(asked).toEqual([]);
  await page.getByRole("button", { name: frameText.en.loadThence }).click();
  await said(page, "otherSite", "useBuiltIn");
  expect(asked.length).toBeGreaterThan(0);
  await act(page);
  await settled(page);
  await isQuiet(page);
  await page.waitForURL((url) => !url.searchParams.has("model"));
});

test("a browser without SIMD shows the prepared pictures", async () => {
  const page = await studio.open("", plain);
  await page.addInitScript(() => {
    WebAssembly.validate = () => false;
  });
  await page.goto(`${studio.url}?view=scaling&scaling=multiply`);
  await said(page, "noSimd", "showPrepared");
  await act(page);
  await page.waitForSelector('data#psnr-yours:not([value=""])');
  expect(await page.locator("data#psnr-yours").textContent()).toBe("14.6 dB");
});

test("no memory: a smaller size is offered, and then a new engine", async () => {
  const page = await studio.open("", plain);
  await page.route("**/wasm-worker-*.js", async (route) => {
    const response = await route.fetch();
    const refusal = `WebAssembly.Memory = class { constructor() { throw new RangeError("WebAssembly.Memory(): could not allocate memory"); } };`;
    await route.fulfill({ response, body: `${refusal}\n${await response.text()}` });
  });
  await page.reload();
  await said(page, "memory", "smaller", { size: "128" });
  await act(page);
  await said(page, "memory", "startAnew");
  await page.unroute("**/wasm-worker-*.js");
  await act(page);
  await settled(page);
  await isQuiet(page);
});

test("no network at the first visit", async () => {
  const page = await studio.open("", plain);
  await page.route("**/*.safetensors", async (route) => {
    await page.context().setOffline(true);
    await route.abort("internetdisconnected");
  });
  await page.reload();
  await said(page, "offline", "tryAgain");
  await page.unroute("**/*.safetensors");
  await page.context().setOffline(false);
  await act(page);
  await settled(page);
  await isQuiet(page);
});

test("a view's script that does not come", async () => {
  const page = await studio.open("", plain);
  await page.route("**/Scaling-*.js", (route) => route.abort());
  await page.keyboard.press("5");
  await page.getByText(failureText.en.noAnswer).waitFor();
  await page.unroute("**/Scaling-*.js");
  await page.getByRole("button", { name: failureText.en.tryAgain }).click();
  await settled(page);
  expect(await figure(page, "psnr-yours")).toBeCloseTo(14.6188, 3);
});

test("an AutoencoderTiny: views that cannot take it say why, and the others are live", async () => {
  const page = await studio.open("?view=posterior");
  await page.locator("#studio > input[type=file]").setInputFiles([
    { name: "config.json", mimeType: "application/json", buffer: await asset("default-preview/config.json") },
    {
      name: "tiny.safetensors",
      mimeType: "",
      buffer: await asset("default-preview/diffusion_pytorch_model.safetensors"),
    },
  ]);
  await page.getByText("The encoder of AutoencoderTiny gives latents alone").waitFor();
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByText("AutoencoderTiny 的编码器只给出潜变量").waitFor();
  await page.keyboard.press("1");
  await settled(page);
  // It is a tenth of the built-in model's size, and a little worse.
  expect(await figure(page, "psnr")).toBeGreaterThan(20);
  await page.keyboard.press("5");
  await page.getByRole("button", { name: "使用内置模型" }).click();
  await settled(page);
  expect(await figure(page, "psnr-yours")).toBeCloseTo(14.6188, 3);
});
