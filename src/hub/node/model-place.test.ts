import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { VaekitError } from "../../errors.ts";
import { placeOf, withoutFolder } from "./index.ts";

describe("a model's name", () => {
  test.each([
    "stabilityai/sd-vae-ft-mse",
    "madebyollin/sdxl-vae-fp16-fix",
    "a/b_c.d",
    "models/vae",
    "runs/v1.0",
  ])("%j is an id of the hub where no such path is", async (name) => {
    expect(await placeOf(name)).toBe("hub");
  });

  test("is a path wherever one exists", async () => {
    expect(await placeOf("src/hub")).toBe("folder");
    expect(await placeOf("src/core.ts")).toBe("file");
  });

  test.each([
    "",
    "name",
    "./models/vae",
    "../../models/vae",
    "/models/vae",
    "models/vae/",
    "models//vae",
    "models/./vae",
    "a/b/c",
    "models\\vae",
    "C:\\models\\vae",
    "C:/vae",
    "~/vae",
    "my models/vae",
    "models/my vae",
    " models/vae",
    "models/vae\n",
    "a--b/c",
    "a/b..c",
    "a/-b",
    "a/b.git",
    "models/vae\0",
    "mödels/vae",
    "models/vae.safetensors",
    "models/VAE.CKPT",
    "models/vae.pt",
    "models/diffusion_pytorch_model.bin",
    "https://huggingface.co/org/name",
    `a/${"b".repeat(5000)}`,
  ])("%j is never one for the hub", async (name) => {
    await expect(placeOf(name)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(
        /no such model: there is no .*, and it is no hub id \(ORG\/NAME\) either\.$/,
      ) as string,
    });
  });

  test("of a link that leads nowhere, or in a circle, is not taken for an id", async () => {
    const folder = await mkdtemp(join(tmpdir(), "vaekit-place-"));
    await symlink(join(folder, "gone"), join(folder, "vae"));
    await expect(placeOf(join(folder, "vae"))).rejects.toThrow(
      "no such model: it is a link that leads nowhere.",
    );
    await symlink(join(folder, "circle"), join(folder, "circle"));
    await expect(placeOf(join(folder, "circle"))).rejects.toMatchObject({ code: "IO" });
    await writeFile(join(folder, "file"), "");
    await expect(placeOf(join(folder, "file", "vae"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await rm(folder, { recursive: true });
  });
});

test("what the hub says of an id comes after that no folder is called so", () => {
  const here = `org/m: there is no folder or file of that name in ${process.cwd()}; `;
  const cause = new Error("cause");
  const told = withoutFolder("org/m", new VaekitError("HUB", "org/m: the hub is away.", { cause }));
  expect(told).toMatchObject({ code: "HUB", message: `${here}the hub is away.`, cause });
  const nameless = withoutFolder("org/m", new VaekitError("HUB", "HTTPS_PROXY: expected …"));
  expect(nameless).toMatchObject({ message: `${here}as a model of the hub, HTTPS_PROXY: expected …` });
  for (const error of [new VaekitError("ABORTED", "x"), new VaekitError("IO", "x"), new TypeError("x")]) {
    expect(withoutFolder("org/m", error)).toBe(error);
  }
});
