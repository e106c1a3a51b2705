/** Which model of a repository is opened: in which folder, of which class, in which variant. */
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { HubOptions } from "../../src/hub/node/index.ts";
import { commit, startHubServer, type HubServer } from "../hub-server.ts";
import {
  config,
  index,
  namesIn,
  refusal,
  repository,
  resolve,
  single,
  warnings,
  weights,
} from "./hostile-hub.ts";

describe("what a repository holds", () => {
  const ours = config;
  const other = Buffer.from('{"_class_name": "UNet2DConditionModel"}');
  let models: HubServer;
  beforeAll(async () => {
    models = await startHubServer({
      "org/both": {
        "config.json": ours,
        [single]: weights,
        "vae/config.json": ours,
        [`vae/${single}`]: weights,
      },
      "org/other-root": {
        "config.json": other,
        [single]: weights,
        "vae/config.json": ours,
        [`vae/${single}`]: weights,
      },
      "org/bare-root": { "config.json": ours, "vae/config.json": ours, [`vae/${single}`]: weights },
      "org/only-other": { "config.json": other, [single]: weights },
      "org/transformer": {
        "config.json": Buffer.from('{"model_type": "bert"}'),
        "vae/config.json": ours,
        [`vae/${single}`]: weights,
      },
      "org/no-model": { "vae/readme.md": Buffer.from("x"), "config.json": ours, [single]: weights },
      "org/variants": {
        "config.json": ours,
        "diffusion_pytorch_model.fp16.safetensors": weights,
        "diffusion_pytorch_model.safetensors.index.bf16.json": Buffer.from(
          JSON.stringify({ weight_map: { a: "one.safetensors", b: "one.safetensors" } }),
        ),
        "one.safetensors": weights,
        [single]: weights,
        [index]: Buffer.from(JSON.stringify({ weight_map: { a: "one.safetensors" } })),
      },
      "org/lacking": {
        "config.json": ours,
        [index]: Buffer.from(JSON.stringify({ weight_map: { a: "one.safetensors", b: "gone.safetensors" } })),
        "one.safetensors": weights,
      },
    });
  });
  beforeEach(() => {
    models.requests.length = 0;
  });
  afterAll(() => models.close());

  const open = async (id: string, options: HubOptions = {}): Promise<string> => {
    const given = { endpoint: models.endpoint, ...options };
    const { folder } = await resolve(given, id);
    // Without the network the same one is found.
    expect((await resolve({ ...given, localFilesOnly: true }, id)).folder).toBe(folder);
    return folder.split(commit)[1]!;
  };

  test.each([
    ["org/both", "", /holds a model and another one in its folder vae/],
    [
      "org/other-root",
      "/vae",
      /took the model in its folder vae; its own config.json is that of "UNet2DConditionModel"/,
    ],
    ["org/bare-root", "/vae", /took the model in its folder vae; there are no weights beside/],
    ["org/transformer", "/vae", /took the model in its folder vae; its own config.json is no autoencoder's/],
  ])("in %s is the model in %j, which is said", async (id, folder, warning) => {
    expect(await open(id)).toBe(folder);
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  test("as a folder vae without a config.json is no other model", async () => {
    expect(await open("org/no-model")).toBe("");
    expect(warnings).toEqual([]);
  });

  test("in an empty subfolder is the one in none", async () => {
    expect(await open("org/both", { subfolder: "" })).toBe("");
  });

  test("in a subfolder that is named is not looked for elsewhere", async () => {
    expect(await open("org/both", { subfolder: "vae" })).toBe("/vae");
    expect(models.requests.filter((path) => path.includes("/tree/"))).toHaveLength(1);
  });

  test("of another class is refused by its config, before gigabytes of weights are fetched", async () => {
    const message = await refusal({ endpoint: models.endpoint }, "org/only-other", "INVALID_CONFIG");
    expect(message).toContain("org/only-other");
    expect(message).toContain("UNet2DConditionModel");
    expect(models.requests.filter((path) => path.includes("safetensors"))).toEqual([]);
  });

  test.each([
    [undefined, [index, "one.safetensors"]],
    ["fp16", ["diffusion_pytorch_model.fp16.safetensors"]],
    ["bf16", ["diffusion_pytorch_model.safetensors.index.bf16.json", "one.safetensors"]],
  ])("of variant %s is fetched alone", async (variant, files) => {
    const folder = await open("org/variants", { variant });
    expect((await namesIn(join(repository("org/variants"), "snapshots", commit, folder))).sort()).toEqual(
      ["config.json", ...files].sort(),
    );
  });

  test("less a shard is said to lack it, and is no model without the network either", async () => {
    const options = { endpoint: models.endpoint };
    expect(await refusal(options, "org/lacking", "NOT_FOUND")).toContain(
      `org/lacking (${models.endpoint}): the index names gone.safetensors, which the model lacks. Tell its owner.`,
    );
    expect(models.requests.filter((path) => path.includes("one.safetensors"))).toEqual([]);
    expect(await namesIn(join(repository("org/lacking"), "refs"))).toEqual([]);
  });

  test("in a variant that it lacks is said with those that it has", async () => {
    const options = { endpoint: models.endpoint, variant: "fp32" };
    expect(await refusal(options, "org/variants", "NOT_FOUND")).toMatch(
      /expected weights of variant "fp32", found (?=.*"fp16")(?=.*"bf16")(?=.*the plain one).*\. Set `variant` to one of these\./,
    );
  });
});
