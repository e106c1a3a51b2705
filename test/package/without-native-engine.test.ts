/** What happens where npm has left onnxruntime-node out, because its install script failed. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { savePicture } from "../cli/run-cli.ts";
import { prepareTraining } from "../train/train-cli.ts";
import { Consumer, encodeProgram } from "./consumer.ts";

let complete: Consumer;
let consumer: Consumer;
beforeAll(async () => {
  complete = await Consumer.create();
  consumer = await Consumer.create({ without: ["onnxruntime-node"] });
});
afterAll(async () => {
  await complete.remove();
  await consumer.remove();
});

const remedy = "Add it with `npm install --ignore-scripts`.";
const vaekit = join("node_modules", "vaekit", "dist", "cli", "main.js");

describe("without onnxruntime-node", () => {
  test("WebAssembly encodes to the same latents, and a warning says so", async () => {
    const native = await complete.run("encode.mjs", encodeProgram);
    expect(native).toMatchObject({ code: 0, stderr: "" });
    const outcome = await consumer.run("encode.mjs", encodeProgram);
    expect(outcome).toMatchObject({ code: 0, stdout: native.stdout });
    expect(outcome.stderr).toContain(`${remedy} WebAssembly takes its place`);
  });

  test("a graphics processor that was asked for is refused, not replaced", async () => {
    await consumer.run("encode.mjs", encodeProgram);
    const outcome = await consumer.node(["encode.mjs", "cuda"]);
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toMatch(/^UNSUPPORTED onnxruntime-node is not installed: .*npm install/);
  });

  test("vaekit starts without a word", async () => {
    expect(await consumer.node([vaekit, "--version"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("vaekit computes, and warns in one line", async () => {
    await savePicture(join(consumer.folder, "a.png"), 16, 16);
    const outcome = await consumer.node([vaekit, "roundtrip", "a.png"]);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(/^vaekit: warning: onnxruntime-node is not installed[^\n]*\n$/);
  });

  test("training, which WebAssembly cannot do, says how to get it", async () => {
    await prepareTraining(consumer.folder, { steps: 1 });
    const outcome = await consumer.node([vaekit, "train", "recipe.json", "--out", "run"]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(remedy);
    expect(outcome.stderr).not.toContain(" at ");
  });
});
