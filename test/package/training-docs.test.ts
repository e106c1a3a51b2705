/** The programs in docs/training.md do what they say there, and are as short as they look. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { savePictures } from "../train/train-cli.ts";
import { Consumer } from "./consumer.ts";

let consumer: Consumer;
beforeAll(async () => {
  consumer = await Consumer.create();
  await savePictures(join(consumer.folder, "photos"), 9);
});
afterAll(() => consumer.remove());

const text = await readFile(new URL("../../docs/training.md", import.meta.url), "utf8");
const programs = [...text.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!);
const programWith = (part: string): string => programs.find((program) => program.includes(part))!;

/** The same, in less time. */
function shortened(program: string): string {
  expect(program).toMatch(/steps: \d{3,}/);
  expect(program).toMatch(/resolution: 64|16, 16/);
  return program.replace(/steps: \d+/, "steps: 2").replace("resolution: 64", "resolution: 16");
}

const linesOf = (program: string): number => program.split("\n").filter((line) => line.trim() !== "").length;

test("there are two, of ten lines", () => {
  expect(programs.map(linesOf).filter((lines) => lines > 10)).toEqual([]);
  expect(programs).toHaveLength(2);
});

test("one trains from a folder", async () => {
  const outcome = await consumer.run("folder.mjs", shortened(programWith("photos")));
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  expect(outcome.stdout).toMatch(/^1 \d+\.\d+\n2 \d+\.\d+\nThe model: .*model\n$/);
  await stat(join(consumer.folder, "runs", "first", "model", "diffusion_pytorch_model.safetensors"));
}, 60_000);

test("one trains from tensors in memory, and its model can be opened", async () => {
  const outcome = await consumer.run("memory.mjs", shortened(programWith("Trainer")));
  expect(outcome).toMatchObject({ code: 0, stderr: "" });
  expect(outcome.stdout).toMatch(/^\d+\.\d+\n\d+\.\d+\n$/);
  const open = `
    import { AutoencoderKL } from "vaekit";
    const vae = await AutoencoderKL.fromPretrained("model", { device: "cpu" });
    console.log(vae.config.scalingFactor !== 0.18215);
    await vae.dispose();`;
  expect(await consumer.run("open.mjs", open)).toEqual({ code: 0, stdout: "true\n", stderr: "" });
}, 60_000);
