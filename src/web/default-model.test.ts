import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { defaultConfig } from "./default-model.ts";

test("the built-in model's config is that of the file beside its weights", async () => {
  const file = new URL("../../assets/default-vae/config.json", import.meta.url);
  expect(defaultConfig).toEqual(JSON.parse(await readFile(file, "utf8")));
});
