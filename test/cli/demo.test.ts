/** `vaekit demo`: the built-in model on the sample picture. */
import { describe, expect, test } from "vitest";
import { isOwnPicture } from "../../src/images/node/own-picture.ts";
import { readImage } from "../../src/node/index.ts";
import { workFolder } from "./run-cli.ts";

const { at, files, succeed, json } = workFolder();

describe("demo", () => {
  test("writes to vaekit-demo, and says what to try next", async () => {
    const text = await succeed("demo");
    expect(text).toMatch(/^built-in model: /);
    expect(text).toMatch(
      /^Reconstruction: vaekit-demo\/reconstruction\.png\nPreview: {8}vaekit-demo\/preview\.png {2}\(the tiny model of [\d,]+ parameters: [\d.]+ dB in .+\)\nReport: {9}vaekit-demo\/report\.html/m,
    );
    expect(text).toMatch(/Next: vaekit roundtrip YOUR-PICTURE\.jpg --html report\.html\n$/);
    expect(await files()).toEqual([
      "vaekit-demo",
      "vaekit-demo/preview.png",
      "vaekit-demo/reconstruction.png",
      "vaekit-demo/report.html",
    ]);
    for (const name of ["reconstruction", "preview"]) {
      expect(await readImage(at(`vaekit-demo/${name}.png`))).toMatchObject({ height: 512 });
      // Whoever measures the folder later takes it for no photo.
      expect(await isOwnPicture(at(`vaekit-demo/${name}.png`))).toBe(true);
    }
  });

  test("shows the built-in model at work, and writes elsewhere with --out", async () => {
    const told = await json("demo", "--out", "here");
    expect(told).toMatchObject({
      model: "built-in model",
      report: "here/report.html",
      pictures: [{ reconstruction: "here/reconstruction.png" }],
    });
    expect((told.pictures as { psnr: number }[])[0]!.psnr).toBeGreaterThan(25);
    const preview = told.preview as { file: string; psnr: number; parameterCount: number };
    expect(preview).toMatchObject({ file: "here/preview.png" });
    expect(preview.psnr).toBeGreaterThan(20);
    expect(preview.parameterCount).toBeLessThan(told.parameterCount as number);
    expect(await files()).toEqual([
      "here",
      "here/preview.png",
      "here/reconstruction.png",
      "here/report.html",
    ]);
  });
});
