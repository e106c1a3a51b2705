/** What says which model is meant, and where it computes: each option arrives, or is refused where it would mean nothing. */
import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readSafetensorsFile, Tensor, writeSafetensorsFile } from "../../src/node/index.ts";
import { commit, startHubServer, type HubServer } from "../hub-server.ts";
import { latentsFile } from "./broken-files.ts";
import {
  listFiles,
  runCli,
  savePicture,
  saveTinyModel,
  temporaryFolder,
  tinyConfig,
  type Outcome,
} from "./run-cli.ts";

const weights = "diffusion_pytorch_model.safetensors";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: HubServer;
const at = (...names: string[]): string => join(folder.path, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(at("model"));
  await savePicture(at("a.png"), 16, 16);
  await savePicture(at("b.png"), 16, 16);
  await writeFile(at("z.safetensors"), latentsFile([1, 4, 2, 2]));
  hub = await startHubServer({
    "org/tiny": {
      "config.json": await readFile(at("model/config.json")),
      [weights]: await readFile(at("model", weights)),
    },
  });
});
beforeEach(() => {
  hub.requests.length = 0;
});
afterAll(async () => {
  await hub.close();
  await folder.remove();
});

function run(...args: string[]): Promise<Outcome> {
  const env = { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: "", HF_HUB_CACHE: at("cache"), NO_PROXY: "*" };
  return runCli(args, { cwd: folder.path, env });
}

/** As `inspect --json` prints it. */
async function inspect(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await run("inspect", ...args, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** No machine of ours has both: what is asked of CUDA fails, and what is not runs on the processor. */
const cuda = ["--device", "cuda"];

describe("--device", () => {
  test.each([
    ["the built-in model", []],
    ["a folder", ["--model", "model"]],
    ["a file", ["--model", `model/${weights}`, "--config", "model/config.json"]],
    ["a model of the hub", ["--model", "org/tiny"]],
  ])("says where %s computes", async (_, model) => {
    const roundtrip = ["roundtrip", "a.png", ...model, "--size", "16", "--out", "out", "--json"];
    const there = await run(...roundtrip, ...cuda);
    expect(there.code).toBe(1);
    expect(there.stderr).toMatch(/^vaekit: .*could not prepare .*cuda/);
    const here = await run(...roundtrip, "--device", "cpu");
    expect(here.code).toBe(0);
    expect(JSON.parse(here.stdout)).toMatchObject({ device: "cpu" });
  });

  test.each([
    ["encode", ["encode", "a.png", "--out", "never"]],
    ["decode", ["decode", "z.safetensors", "--raw", "--out", "never.png"]],
    ["calibrate", ["calibrate", "a.png"]],
    ["sample", ["sample", "--count", "1", "--size", "16", "--out", "never.png"]],
    ["sample --between", ["sample", "--between", "a.png", "b.png", "--size", "16", "--out", "never.png"]],
  ])("is heard by %s", async (_, args) => {
    const before = await listFiles(folder.path);
    const { code, stdout, stderr } = await run(...args, "--model", "model", ...cuda);
    expect(stderr).toMatch(/^vaekit: .*could not prepare .*cuda/);
    expect([code, stdout]).toEqual([1, ""]);
    expect(await listFiles(folder.path)).toEqual(before);
  });

  test("is heard by the plan, which is at that device's prices", async () => {
    const plan = (device: string): Promise<Record<string, unknown>> =>
      inspect("model", "--plan", "--size", "64", "--device", device);
    expect(await plan("cpu")).toMatchObject({ provider: "cpu", chosen: { device: "cpu" } });
    expect(await plan("webgpu")).toMatchObject({
      provider: "webgpu",
      prices: "guessed",
      chosen: { device: "webgpu" },
    });
  });

  test("is heard by inspect --runtime", async () => {
    expect((await run("inspect", "--runtime", ...cuda)).stderr).toMatch(/cuda/i);
  });
});

describe("an option that means nothing for a model's source is refused:", () => {
  const sources = {
    "the built-in model": [],
    "a folder": ["--model", "model"],
    "a file": ["--model", `model/${weights}`],
    "a hub": ["--model", "org/tiny"],
  } as const;
  const options: readonly [
    flag: string,
    value: string[],
    fitting: readonly (keyof typeof sources)[],
    named: string,
  ][] = [
    ["--as", ["sd1"], ["a file"], "file"],
    ["--config", ["model/config.json"], ["a file"], "file"],
    ["--variant", ["fp16"], ["a folder", "a hub"], "folder or hub"],
    ["--subfolder", ["vae"], ["a folder", "a hub"], "folder or hub"],
    ["--revision", ["main"], ["a hub"], "hub"],
    ["--cache-dir", ["cache"], ["a hub"], "hub"],
    ["--offline", [], ["a hub"], "hub"],
  ];
  const cases = options.flatMap(([flag, value, fitting, named]) =>
    (Object.keys(sources) as (keyof typeof sources)[])
      .filter((source) => !fitting.includes(source))
      .map((source) => [flag, source, value, named] as const),
  );

  test.each(cases)("%s for %s", async (flag, source, value, named) => {
    const outcome = await run("inspect", ...sources[source], flag, ...value);
    const [, model] = sources[source];
    const found = model === undefined ? "the built-in model" : `${source}: ${model}`;
    expect(outcome).toMatchObject({
      code: 2,
      stdout: "",
      stderr: `vaekit: ${flag} is for a model from a ${named}; found ${found}. Leave it out.\n`,
    });
    expect(hub.requests).toEqual([]);
  });
});

describe("a folder", () => {
  test("has its weights by --variant and lies in --subfolder", async () => {
    await mkdir(at("pipeline"));
    await cp(at("model"), at("pipeline/part"), { recursive: true });
    const { tensors } = await readSafetensorsFile(at("model", weights));
    const half = [...tensors].map(
      ([name, { shape, size }]) => [name, Tensor.from(new Uint16Array(size), shape, "float16")] as const,
    );
    await writeSafetensorsFile(at("pipeline/part", weights.replace(".s", ".fp16.s")), half);
    const dtypes = async (...args: string[]): Promise<unknown> => {
      const { parameters } = await inspect("pipeline", "--subfolder", "part", ...args);
      return [...new Set((parameters as { dtype: string }[]).map(({ dtype }) => dtype))];
    };
    expect(await dtypes()).toEqual(["float32"]);
    expect(await dtypes("--variant", "fp16")).toEqual(["float16"]);
    expect((await run("inspect", "pipeline")).code).toBe(1);
  });

  test("whose weights do not fit is compared with the same options", async () => {
    await mkdir(at("two"));
    await cp(at("model"), at("two/part"), { recursive: true });
    const { tensors } = await readSafetensorsFile(at("model", weights));
    tensors.delete("decoder.conv_in.weight");
    tensors.set("encoder.conv_in.bias", Tensor.zeros([7]));
    tensors.set("surplus", Tensor.zeros([1]));
    await writeSafetensorsFile(at("two/part", weights.replace(".s", ".fp16.s")), tensors);
    const args = ["inspect", "two", "--subfolder", "part", "--variant", "fp16"];
    const text = await run(...args);
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(
      /^Missing \(1\):\n {2}decoder\.conv_in\.weight\nOf another shape \(1\):\n {2}encoder\.conv_in\.bias.*\nUnexpected \(1\):\n {2}surplus\n$/,
    );
    const json = await run(...args, "--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      missing: ["decoder.conv_in.weight"],
      unexpected: ["surplus"],
      wrongShape: [expect.stringContaining("encoder.conv_in.bias")],
    });
  });
});

describe("a file", () => {
  test("is of the family and of the config that are given", async () => {
    const { config } = await inspect(`model/${weights}`, "--config", "model/config.json");
    expect(config).toMatchObject({ norm_num_groups: 4, scaling_factor: 0.18215 });
    await writeFile(at("few.json"), '{"norm_num_groups": 4}');
    const sdxl = await inspect(`model/${weights}`, "--config", "few.json", "--as", "sdxl");
    expect(sdxl.scaling).toMatchObject({ scalingFactor: 0.13025 });
  });
});

describe("a model of the hub", () => {
  test("is of --revision, and lies in --cache-dir", async () => {
    await inspect("org/tiny", "--revision", commit, "--cache-dir", "other");
    expect(hub.requests.length).toBeGreaterThan(0);
    for (const request of hub.requests) expect(request).toContain(commit);
    expect(await listFiles(at("other"))).toContain("models--org--tiny");
    const wrong = await run("inspect", "org/tiny", "--revision", "nonsense", "--cache-dir", "other");
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain("nonsense");
  });

  test("is not asked for with --offline", async () => {
    await inspect("org/tiny", "--cache-dir", "mine");
    hub.requests.length = 0;
    await inspect("org/tiny", "--cache-dir", "mine", "--offline");
    expect((await run("inspect", "org/tiny", "--cache-dir", "empty", "--offline")).code).toBe(1);
    expect(hub.requests).toEqual([]);
    await rename(at("mine"), at("moved"));
  });
});

describe("inspect", () => {
  test("takes the model as an argument or by --model, once", async () => {
    const [byArgument, byOption] = [await inspect("model"), await inspect("--model", "model")];
    expect(byArgument).toEqual(byOption);
    expect(await inspect("model", "--model", "model")).toEqual(byArgument);
    expect((await inspect()).model).toBe("built-in model");
  });

  test("counts parameters and bytes by their dtype", async () => {
    const { parameters, parameterCount, byteLength } = await inspect("model");
    const rows = parameters as { count: number; byteLength: number; shape: number[] }[];
    for (const { count, byteLength: bytes, shape } of rows) {
      expect(count).toBe(shape.reduce((product, size) => product * size, 1));
      expect(bytes).toBe(4 * count);
    }
    expect(byteLength).toBe(4 * Number(parameterCount));
  });

  test("plans the decoder of 1024x1024 pixels unless it is asked for another", async () => {
    expect(await inspect("model", "--plan")).toMatchObject({ half: "decoder", width: 1024, height: 1024 });
    const asked = await inspect("model", "--plan", "--half", "encoder", "--size", "32x64");
    expect(asked).toMatchObject({ half: "encoder", width: 32, height: 64, model: "model" });
  });

  test.each([
    [
      ["model", "--half", "encoder"],
      /^vaekit: --size and --half are for --plan\. Add it, or leave them out\.$/m,
    ],
    [["--runtime", "model"], /--runtime is about no model/],
    [["--runtime", "--model", "model"], /--runtime is about no model/],
    [["--runtime", "--plan"], /--runtime is about no model/],
    [["--plan", "--half", "middle"], /Allowed choices are encoder, decoder/],
  ])("refuses %j", async (args, message) => {
    const { code, stdout, stderr } = await run("inspect", ...args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

test("a model of another number of channels than a picture has is refused for pictures", async () => {
  await saveTinyModel(at("two-channels"), { ...tinyConfig, inChannels: 2, outChannels: 2 });
  const { code, stderr } = await run("encode", "a.png", "--model", "two-channels", "--out", "never");
  expect(code).toBe(1);
  expect(stderr).toContain(
    "takes 2 channels; the command line works on grey pictures, on RGB, and on RGB with alpha only",
  );
});
