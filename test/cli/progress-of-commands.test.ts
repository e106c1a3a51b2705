/** What each command tells its bar while it works: at which file it is, and when one is done. */
import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Generator, writeSafetensorsFile } from "../../src/node/index.ts";
import { Progress } from "../../src/cli/progress.ts";
import { startHubServer } from "../hub-server.ts";
import { model, runCli, small, workFolder } from "./run-cli.ts";

const { at, succeed } = workFolder();
const told: string[] = [];

beforeEach(() => {
  told.length = 0;
  vi.spyOn(Progress.prototype, "task").mockImplementation((text) => void told.push(text));
  vi.spyOn(Progress.prototype, "advance").mockImplementation((steps = 1) => void told.push(`+${steps}`));
  vi.spyOn(Progress.prototype, "set").mockImplementation((done, total) => void told.push(`${done}/${total}`));
});
afterEach(() => vi.restoreAllMocks());

const pictures = ["../a.png", "../b.png"];

test.each([["encode", "--out", "z"], ["calibrate"]])(
  "%s goes on by one for each picture",
  async (command, ...out) => {
    await succeed(command, ...pictures, ...model, ...small, ...out);
    // Opening a model from a folder downloads nothing.
    expect(told).toEqual(["a.png", "+1", "b.png", "+1"]);
  },
);

test("roundtrip goes on by two for each picture, the encoder's step and the decoder's", async () => {
  await succeed("roundtrip", ...pictures, ...model, ...small);
  const steps = (name: string) => [
    `${name}: encoding`,
    "+1",
    `${name}: decoding`,
    "+1",
    `${name}: measuring`,
  ];
  expect(told).toEqual(["reading the pictures", ...steps("a.png"), ...steps("b.png")]);
});

test("decode goes on from picture to picture of the batch", async () => {
  await writeSafetensorsFile(at("z"), [["latents", Generator.torch(0).randn([2, 4, 2, 2])]]);
  await succeed("decode", "z", "--raw", ...model, "--out", "o.png");
  expect(told).toEqual(["decoding", "0/2", "1/2", "2/2"]);
});

test("export goes on by one for each file", async () => {
  await succeed("export", ...model, "--out", "onnx", "--height", "16", "--width", "16");
  expect(told).toEqual(["onnx/vae_encoder.onnx", "+1", "onnx/vae_decoder.onnx", "+1"]);
});

test("sample encodes what is named, and then decodes the sheet", async () => {
  await succeed(
    "sample",
    ...model,
    "--between",
    ...pictures,
    "--steps",
    "2",
    "--size",
    "8",
    "--out",
    "s.png",
  );
  const encoded = ["../a.png: encoding", "+1", "../b.png: encoding", "+1"];
  expect(told).toEqual([...encoded, "decoding", "0/2", "1/2", "2/2"]);
});

test("a download has the name and the size of its file, and goes on by bytes", async () => {
  const weights = "diffusion_pytorch_model.safetensors";
  const bytes = await readFile(at(`../model/${weights}`));
  const config = await readFile(at("../model/config.json"));
  const hub = await startHubServer({ "org/tiny": { "config.json": config, [weights]: bytes } });
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: "", HF_HUB_CACHE: at("cache"), NO_PROXY: "*" };
  const { code } = await runCli(["inspect", "org/tiny"], { cwd: at("."), env });
  await hub.close();
  expect(code).toBe(0);
  expect(told).toContain(`${weights}, ${(bytes.length / 1000).toFixed(1)} kB`);
  expect(told.at(-1)).toBe(`${bytes.length}/${bytes.length}`);
});
