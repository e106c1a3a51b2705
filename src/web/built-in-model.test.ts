import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { defaultModel } from "./default-model.ts";
import { defaultPreview } from "./default-preview.ts";

test.each([defaultModel, defaultPreview])(
  "$name's config is that of the file beside its weights",
  async ({ config, folder, weightsUrl }) => {
    const file = new URL(`../../assets/${folder}/config.json`, import.meta.url);
    expect(config).toEqual(JSON.parse(await readFile(file, "utf8")));
    expect((await readFile(weightsUrl())).length).toBeGreaterThan(0);
  },
);
