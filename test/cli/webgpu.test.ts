/** `--device webgpu` on a machine without a driver: one line that says what is missing, and nothing of the native libraries'. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { saveTinyModel, savePicture, spawnCli, temporaryFolder } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"));
  await savePicture(join(folder.path, "a.png"), 16, 16);
});
afterAll(() => folder.remove());

// With a device there is nothing to refuse; elsewhere no Vulkan is needed.
test.skipIf(process.platform !== "linux" || process.env["VAEKIT_WEBGPU"] === "1")(
  "says in one line that there is no Vulkan",
  async () => {
    // The loader, if there is one, looks at this list of drivers alone.
    const env = { VK_DRIVER_FILES: "/nowhere.json", VK_ICD_FILENAMES: "/nowhere.json" };
    const args = ["roundtrip", "a.png", "--model", "model", "--device", "webgpu"];
    const { code, stdout, stderr } = await spawnCli(args, { cwd: folder.path, env });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^vaekit: ONNX Runtime could not prepare [^\n]*\(webgpu: (libvulkan\.so\.1 was not|no Vulkan driver was) found; install [^\n]*\)\.\n$/,
    );
  },
);
