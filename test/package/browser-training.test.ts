/** vaekit/train in a bundle for browsers trains on WebAssembly, with the numbers of the native runtime. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Consumer } from "./consumer.ts";

let consumer: Consumer;
beforeAll(async () => {
  consumer = await Consumer.create();
});
afterAll(() => consumer.remove());

/** Three steps of each model; prints the losses and the sum of the parameters' absolute values. */
const training = `
  const models = {
    mlp: [{ type: "mlp", input_size: 64, hidden_sizes: [16], latent_size: 4 }, [8, 64]],
    autoencoder_kl: [
      { config: { block_out_channels: [8, 16], layers_per_block: 1, norm_num_groups: 4 }, trainable: ["*"] },
      [8, 3, 8, 8],
    ],
  };
  const results = {};
  for (const [name, [model, shape]] of Object.entries(models)) {
    const size = shape.reduce((a, b) => a * b);
    const data = Tensor.from(Float32Array.from({ length: size }, (_, i) => 0.5 + 0.5 * Math.sin(i * i)), shape);
    const recipe = { model, steps: 3, batch_size: 4, optimizer: { learning_rate: 1e-3 }, ema: {} };
    const trainer = await Trainer.fromRecipe(runtime, recipe, { data });
    const losses = [];
    while (trainer.step < trainer.totalSteps) losses.push((await trainer.advance()).terms.loss);
    const values = [...(await trainer.parameters()).values()].flatMap(({ data }) => [...data]);
    results[name] = [...losses, values.reduce((sum, value) => sum + Math.abs(value), 0)];
    results[name + " files"] = [...(await trainer.modelFiles()).keys()];
    await trainer.dispose();
  }
  await runtime.dispose();
  console.log(JSON.stringify(results));
`;

const inBrowser = `
  import * as ort from "onnxruntime-web/wasm";
  import { Tensor, WebRuntime } from "vaekit";
  import { Trainer } from "vaekit/train";
  // Counting the cores is the one thing that the WebAssembly build cannot do in Node.
  ort.env.wasm.numThreads = 1;
  const runtime = new WebRuntime(ort);
  ${training}`;

const inNode = `
  import { NodeRuntime, Tensor } from "vaekit";
  import { Trainer } from "vaekit/train";
  const runtime = new NodeRuntime({ device: "cpu" });
  ${training}`;

type Results = Readonly<Record<string, readonly number[]>>;

test("an MLP and an AutoencoderKL train as on the native runtime", async () => {
  await writeFile(join(consumer.folder, "browser.mjs"), inBrowser);
  await build({
    absWorkingDir: consumer.folder,
    entryPoints: ["browser.mjs"],
    outfile: "bundle.mjs",
    bundle: true,
    platform: "browser",
    format: "esm",
    external: ["onnxruntime-web/*"],
    logLevel: "silent",
  });
  const [web, native] = await Promise.all([
    consumer.node(["bundle.mjs"]),
    consumer.run("native.mjs", inNode),
  ]);
  expect(web).toMatchObject({ code: 0, stderr: "" });
  expect(native).toMatchObject({ code: 0, stderr: "" });
  const [found, expected] = [web, native].map(({ stdout }) => JSON.parse(stdout) as Results) as [
    Results,
    Results,
  ];
  for (const [name, values] of Object.entries(expected)) {
    if (name.endsWith(" files")) expect(found[name]).toEqual(values);
    // The two runtimes sum products in another order: float32's 6e-8, some hundred times, over three steps.
    else expect(found[name]).toBeAllclose(values, { relative: 2e-5, absolute: 0 });
  }
}, 60_000);
