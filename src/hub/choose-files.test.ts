import { describe, expect, test } from "vitest";
import { chooseFiles, shardsOf } from "./choose-files.ts";

const whole = "diffusion_pytorch_model.safetensors";
const index = "diffusion_pytorch_model.safetensors.index.json";
const choose = (names: readonly string[], variant?: string): unknown =>
  chooseFiles(new Set(names), variant, "org/name");
const refusal = (code: string, message: string): Error =>
  expect.objectContaining({ code, message: `org/name: ${message}` }) as Error;

describe("the files of a model", () => {
  test.each<[string[], string | undefined, object]>([
    [["config.json", whole], undefined, { files: ["config.json", whole] }],
    [["config.json", whole, index], undefined, { files: ["config.json", index], index }],
    [
      ["config.json", whole, "likelihood.safetensors"],
      undefined,
      { files: ["config.json", whole, "likelihood.safetensors"] },
    ],
    [
      ["config.json", whole, "diffusion_pytorch_model.fp16.safetensors"],
      "fp16",
      { files: ["config.json", "diffusion_pytorch_model.fp16.safetensors"] },
    ],
    [
      ["config.json", "diffusion_pytorch_model.safetensors.fp16.index.json"],
      "fp16",
      {
        files: ["config.json", "diffusion_pytorch_model.safetensors.fp16.index.json"],
        index: "diffusion_pytorch_model.safetensors.fp16.index.json",
      },
    ],
  ])(
    "of %j in variant %s are the config, one set of weights, and the likelihood beside them",
    (names, variant, choice) => {
      expect(choose(names, variant)).toEqual(choice);
    },
  );

  test("without a config name what is there, six names of it at most", () => {
    const remedy =
      "Set `subfolder` to the VAE's folder; a single-file checkpoint must be downloaded and loaded as a file.";
    const names = ["f", "e", "d", "c", "b", "a"];
    expect(() => choose([])).toThrow(refusal("NOT_FOUND", `expected config.json, found no files. ${remedy}`));
    expect(() => choose(names)).toThrow(
      refusal("NOT_FOUND", `expected config.json, found a, b, c, d, e, f. ${remedy}`),
    );
    expect(() => choose([...names, "g", "h"])).toThrow(
      refusal("NOT_FOUND", `expected config.json, found a, b, c, d, e, f and 2 more. ${remedy}`),
    );
  });

  test("of other variants name them", () => {
    const remedy = "Set `variant` to one of these.";
    const fp16 = "diffusion_pytorch_model.fp16.safetensors";
    expect(() => choose(["config.json", fp16])).toThrow(
      refusal("NOT_FOUND", `expected weights without a variant, found "fp16". ${remedy}`),
    );
    const more = [
      "config.json",
      whole,
      fp16,
      "diffusion_pytorch_model.safetensors.index.bf16.json",
      "diffusion_pytorch_model.safetensors.int8.index.json",
      "x.diffusion_pytorch_model.fp8.safetensors",
      "diffusion_pytorch_model.fp8.safetensors.bak",
    ];
    expect(() => choose(more, "fp32")).toThrow(
      refusal(
        "NOT_FOUND",
        `expected weights of variant "fp32", found the plain one, "fp16", "bf16", "int8". ${remedy}`,
      ),
    );
  });

  test.each([
    [undefined, "diffusion_pytorch_model.bin"],
    ["fp16", "diffusion_pytorch_model.fp16.bin"],
    ["fp16", "diffusion_pytorch_model.bin"],
  ])("of variant %s that are pickled as %s are refused with what to do", (variant, name) => {
    const wanted = variant === undefined ? whole : "diffusion_pytorch_model.fp16.safetensors";
    expect(() => choose(["config.json", name], variant)).toThrow(
      refusal(
        "HUB",
        `expected ${wanted}, found pickled weights (.bin) only, which can run code and are never loaded. ` +
          'Use a revision with safetensors (often `revision: "refs/pr/1"`), or convert with diffusers\' save_pretrained.',
      ),
    );
  });

  test("without any weights name what is there", () => {
    expect(() => choose(["config.json", "model.safetensors"])).toThrow(
      refusal("NOT_FOUND", `expected ${whole}, found config.json, model.safetensors. Check the subfolder.`),
    );
  });
});

describe("the shards of an index", () => {
  const shards = (weightMap: unknown): string[] =>
    shardsOf(JSON.stringify({ weight_map: weightMap }), "index");

  test("are named once each, in the index's order", () => {
    expect(shards({ a: "2.safetensors", b: "1.safetensors", c: "2.safetensors" })).toEqual([
      "2.safetensors",
      "1.safetensors",
    ]);
  });

  test.each<[string, unknown]>([
    ["a path", { a: "../1.safetensors" }],
    ["a folder's file", { a: "sub/1.safetensors" }],
    ["a path of Windows", { a: "..\\1.safetensors" }],
    ["another kind of file", { a: "1.bin" }],
    ["a longer ending", { a: "1.safetensors.exe" }],
    ["an ending alone", { a: ".safetensors" }],
    ["no text", { a: 1 }],
    ["one good and one bad", { a: "1.safetensors", b: "../2.safetensors" }],
    ["nothing", {}],
    ["no map", "1.safetensors"],
    ["null", null],
  ])("are refused where they are %s", (_, weightMap) => {
    const error = expect.objectContaining({
      code: "INVALID_FILE",
      message:
        'index: expected a "weight_map" to .safetensors files of the same folder, found something else. ' +
        "Delete the file and fetch again; if it stays, the model's repository is broken.",
    }) as Error;
    expect(() => shards(weightMap)).toThrow(error);
  });

  test.each(["", "[]", "null", "{}", "{", '{"weight_map": {"a": "1.safetensors", "a": "2.safetensors"}}'])(
    "are refused in the index %j",
    (text) => {
      expect(() => shardsOf(text, "index")).toThrow('index: expected a "weight_map"');
    },
  );
});
