/**
 * Training a small VAE from tensors in memory. Prints the losses and writes a folder in diffusers' format.
 *
 *   node train-in-memory.mjs OUTPUT_FOLDER [STEPS]
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NodeRuntime, Tensor } from "vaekit";
import { Trainer } from "vaekit/train";

const [folder, steps = "100"] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Usage: node train-in-memory.mjs OUTPUT_FOLDER [STEPS]");
  process.exit(2);
}

// 64 pictures of 16x16 pixels, each one soft disc of some colour: your own pictures go here.
// float32 [N, C, H, W] in [-1, 1].
const [count, side] = [64, 16];
const pixels = new Float32Array(count * 3 * side * side);
pixels.forEach((_, i) => {
  const [x, y] = [i % side, Math.floor(i / side) % side];
  const channel = Math.floor(i / side ** 2) % 3;
  const n = Math.floor(i / (3 * side ** 2));
  const distance = Math.hypot(x - 4 - (n % 8), y - 4 - Math.floor(n / 8));
  pixels[i] = distance < 4 ? Math.cos(n + 2 * channel) : -1;
});
const data = Tensor.from(pixels, [count, 3, side, side]);

const recipe = {
  model: { config: { block_out_channels: [16, 32], norm_num_groups: 8, latent_channels: 4 } },
  steps: Number(steps),
  batch_size: 8,
  optimizer: { learning_rate: 2e-3 },
};
const runtime = new NodeRuntime();
const trainer = await Trainer.fromRecipe(runtime, recipe, { data });
while (trainer.step < trainer.totalSteps) {
  const { step, terms } = await trainer.advance();
  console.log(`step ${step}: loss ${terms.loss.toFixed(2)}`);
}

await mkdir(folder, { recursive: true });
for (const [name, bytes] of await trainer.modelFiles()) await writeFile(join(folder, name), bytes);
await trainer.dispose();
await runtime.dispose();
console.log(`The model: ${folder}`);
