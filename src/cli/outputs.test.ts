import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelOptions } from "./options.ts";
import { Outputs } from "./outputs.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const files = [
  "model.safetensors",
  "own.json",
  "pipeline/config.json",
  "pipeline/model.safetensors.index.json",
  "pipeline/config.json.bak",
  "pipeline/tokenizer.json",
  "pipeline/vae/config.json",
  "pipeline/part/config.json",
  "pipeline/part/a.safetensors",
  "pipeline/part/b.safetensors",
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-outputs-"));
  for (const name of files) {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), "");
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Opens a model with these weights after this file was claimed. */
async function claimed(name: string, weights: readonly string[], options: ModelOptions): Promise<void> {
  const outputs = new Outputs();
  await outputs.claim(at(name));
  outputs.keepModel({ weightFiles: weights.map(at) }, options);
}

describe("what belongs to the model is kept:", () => {
  const part = ["pipeline/part/a.safetensors", "pipeline/part/b.safetensors"];
  const inPart = (): ModelOptions => ({ model: at("pipeline"), subfolder: "part" });

  test.each(part)("its weights, %s", async (name) => {
    await expect(claimed(name, part, inPart())).rejects.toThrow("would replace the model's weights");
  });

  test.each([
    "pipeline/config.json",
    "pipeline/model.safetensors.index.json",
    "pipeline/vae/config.json",
    "pipeline/part/config.json",
  ])("its config, %s", async (name) => {
    await expect(claimed(name, part, inPart())).rejects.toThrow("would replace the model's config");
    // The weights may not have been found yet.
    await expect(claimed(name, [], inPart())).rejects.toThrow("would replace the model's config");
  });

  test("the config of a single file", async () => {
    const single = { model: at("model.safetensors"), config: at("own.json") };
    await expect(claimed("own.json", ["model.safetensors"], single)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining("would replace the model's config") as string,
    });
  });

  test("and nothing else", async () => {
    for (const name of ["pipeline/config.json.bak", "pipeline/tokenizer.json", "own.json", "new"])
      await claimed(name, part, inPart());
    // The part was not asked for, and no weights of it were opened.
    await claimed("pipeline/part/config.json", [], { model: at("pipeline") });
    await claimed("own.json", ["model.safetensors"], {});
  });
});

test("two outputs in one file are a wrong usage", async () => {
  const outputs = new Outputs();
  await outputs.claim(at("new"));
  await expect(outputs.claim(at("pipeline/../new"))).rejects.toMatchObject({ name: "UsageError" });
});
