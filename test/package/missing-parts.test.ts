/** What happens where a part of the installation is missing: what does not need it works, what does says so in one line. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { savePicture } from "../cli/run-cli.ts";
import { Consumer, encodeProgram } from "./consumer.ts";

const vaekit = join("node_modules", "vaekit", "dist", "cli", "main.js");

describe("without sharp", () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create({ without: ["sharp"] });
    await savePicture(join(consumer.folder, "a.png"), 16, 16);
  });
  afterAll(() => consumer.remove());

  const remedy = "Install it with `npm install sharp`";

  test("tensors are encoded", async () => {
    expect(await consumer.run("encode.mjs", encodeProgram)).toMatchObject({ code: 0, stderr: "" });
  });

  test.each([
    ['readImage("a.png")', "a.png: picture files need sharp"],
    [
      "encodePng({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) })",
      "encodeImage: picture files need sharp",
    ],
    ['PictureFiles.find(["."])', "pictures: picture files need sharp"],
  ])("%s says what to install", async (call, message) => {
    const outcome = await consumer.run(
      "call.mjs",
      `import { encodePng, PictureFiles, readImage } from "vaekit";
       try { await ${call}; } catch (error) { console.log(error.code, error.message); }`,
    );
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toContain(`UNSUPPORTED ${message}, which could not be loaded on`);
    expect(outcome.stdout).toContain(remedy);
    expect(outcome.stdout.trim().split("\n")).toHaveLength(1);
  });

  test("vaekit says so in one line", async () => {
    const outcome = await consumer.node([vaekit, "roundtrip", "a.png"]);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^vaekit: .*need sharp.*\n$/);
    expect(outcome.stderr).toContain(remedy);
  });
});

describe("without koffi", () => {
  let consumer: Consumer;
  let complete: Consumer;
  beforeAll(async () => {
    complete = await Consumer.create();
    consumer = await Consumer.create({ without: ["koffi", "@koromix"] });
  });
  afterAll(async () => {
    await consumer.remove();
    await complete.remove();
  });

  test("the native runtime computes the same without a word", async () => {
    const expected = await complete.run("encode.mjs", encodeProgram);
    expect(expected).toMatchObject({ code: 0, stderr: "" });
    expect(await consumer.run("encode.mjs", encodeProgram)).toEqual(expected);
  });
});

describe("without a package that vaekit cannot do without", () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create({ without: ["commander"] });
  });
  afterAll(() => consumer.remove());

  test("the program names it in one line", async () => {
    const outcome = await consumer.node([vaekit, "--version"]);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^vaekit: Cannot find package 'commander'[^\n]*\n$/);
  });
});

describe("a bundle for browsers", () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create();
  });
  afterAll(() => consumer.remove());

  const program = `
    import * as ort from "onnxruntime-web/wasm";
    import { openVae, Tensor, WebRuntime } from "vaekit";
    import { Trainer } from "vaekit/train";
    // Counting the cores is the one thing that the WebAssembly build cannot do in Node.
    ort.env.wasm.numThreads = 1;
    const data = Tensor.from(new Float32Array(4 * 64), [4, 64]);
    const model = { type: "mlp", input_size: 64, hidden_sizes: [16], latent_size: 4 };
    const recipe = { model, steps: 1, batch_size: 4, optimizer: { learning_rate: 1e-3 } };
    try {
      const trainer = await Trainer.fromRecipe(new WebRuntime(ort), recipe, { data });
      await trainer.advance();
    } catch (error) {
      console.log(error.code, error.message);
    }`;

  test("says which file is missing where its server has no WebAssembly, and what to do", async () => {
    await writeFile(join(consumer.folder, "browser.mjs"), program);
    await build({
      absWorkingDir: consumer.folder,
      entryPoints: ["browser.mjs"],
      outfile: "out/bundle.mjs",
      bundle: true,
      platform: "browser",
      format: "esm",
      logLevel: "silent",
      external: ["node:*", "module", "worker_threads"],
    });
    const { code, stdout } = await consumer.node(["out/bundle.mjs"]);
    expect(code).toBe(0);
    expect(stdout).toContain("UNSUPPORTED");
    expect(stdout).toContain("onnxruntime-web's WebAssembly could not be loaded");
    expect(stdout).toContain("Serve ort-wasm-simd-threaded.wasm and .mjs");
    expect(stdout.trim().split("\n")).toHaveLength(1);
  });

  test("that imports one function is a small part of the whole", async () => {
    const sizeOf = async (contents: string): Promise<number> => {
      const { outputFiles } = await build({
        absWorkingDir: consumer.folder,
        stdin: { contents, resolveDir: consumer.folder },
        bundle: true,
        minify: true,
        platform: "browser",
        format: "esm",
        external: ["onnxruntime-web/*"],
        write: false,
        logLevel: "silent",
      });
      return outputFiles[0]!.text.length;
    };
    const whole = await sizeOf('export * from "vaekit"; export * from "vaekit/train";');
    expect(await sizeOf('export { psnr } from "vaekit";')).toBeLessThan(whole / 20);
    expect(await sizeOf('export { klWeight } from "vaekit/train";')).toBeLessThan(whole / 20);
  });
});
