/** A program that uses vaekit leaves no file but its own: ONNX Runtime's telemetry would leave some in the home and the temporary folder. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { turnTelemetryOff } from "../../src/runtime/node/telemetry.js";
import { endOf } from "../child-end.ts";
import { listFiles, program, temporaryFolder } from "../cli/run-cli.ts";
import { prepareTraining } from "../train/train-cli.ts";

const built = new URL("../../dist/node/index.js", import.meta.url).href;

const roundtrip = `
  const { AutoencoderKL, Tensor } = await import(${JSON.stringify(built)});
  const vae = await AutoencoderKL.default({ device: "cpu" });
  const { latentDist } = await vae.encode(Tensor.from(new Float32Array(3 * 16 * 16), [1, 3, 16, 16]));
  const { sample } = await vae.decode(latentDist.mode());
  if (sample.shape.join() !== "1,3,16,16") throw new Error("no picture");
  await vae.dispose();`;

const inWorker = (options: string): string => `
  import { Worker } from "node:worker_threads";
  const source = ${JSON.stringify(`(async () => {${roundtrip}})()`)};
  new Worker(source, { eval: true, ${options} });`;

const programs: Record<string, readonly string[]> = {
  "the library": ["--input-type=module", "--eval", roundtrip],
  "the library in a worker thread": ["--input-type=module", "--eval", inWorker("")],
  "the library in a worker thread with an environment of its own": [
    "--input-type=module",
    "--eval",
    inWorker("env: {}"),
  ],
  "vaekit roundtrip": [program, "roundtrip", "pictures/00.png"],
  "vaekit train": [program, "train", "recipe.json", "--out", "run"],
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await prepareTraining(folder.path, { steps: 2 });
});
afterAll(() => folder.remove());

/** Runs Node with an empty home and an empty temporary folder, which are what an environment says of them. */
async function runAtHome(name: string, args: readonly string[]) {
  const home = join(folder.path, name, "home");
  const temporary = join(folder.path, name, "temporary");
  await mkdir(home, { recursive: true });
  await mkdir(temporary, { recursive: true });
  const { PATH } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: folder.path,
    env: { PATH, HOME: home, USERPROFILE: home, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { code, stderr } = await endOf(child);
  return { code, stderr, files: [...(await listFiles(home)), ...(await listFiles(temporary))] };
}

describe("ONNX Runtime's telemetry", () => {
  test.each(Object.entries(programs))("leaves nothing behind %s", async (name, args) => {
    const outcome = await runAtHome(name, args);
    expect(outcome).toMatchObject({ code: 0, files: [] });
  });

  test("stays as the user has set it", () => {
    const environment = { ORT_DISABLE_TELEMETRY: "0" };
    turnTelemetryOff(environment);
    expect(environment).toEqual({ ORT_DISABLE_TELEMETRY: "0" });
    const without: NodeJS.ProcessEnv = {};
    turnTelemetryOff(without);
    expect(without).toEqual({ ORT_DISABLE_TELEMETRY: "1" });
  });
});
