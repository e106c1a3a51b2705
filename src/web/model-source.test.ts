import { describe, expect, test } from "vitest";
import { isModelSource, placeOfSource } from "./model-source.ts";

const file = new File(["x"], "vae.safetensors");

describe("what a caller gives for a model", () => {
  test.each([
    ["stabilityai/sd-vae-ft-mse", { place: "hub", id: "stabilityai/sd-vae-ft-mse" }],
    [
      "https://a.test/vae",
      { place: "folder", url: new URL("https://a.test/vae"), name: "https://a.test/vae" },
    ],
    [
      "https://a.test/ae.safetensors?x=1",
      { place: "file", url: new URL("https://a.test/ae.safetensors?x=1") },
    ],
    ["https://a.test/ae.ckpt", { place: "file" }],
    [new URL("https://a.test/org/name"), { place: "folder", name: "https://a.test/org/name" }],
    [file, { place: "file", blob: file }],
    [new Blob(["x"]), { place: "file" }],
    [[file], { place: "file", blob: file }],
    [[file, file], { place: "folder", files: [file, file] }],
    [[new File(["{}"], "config.json")], { place: "folder" }],
    [[], { place: "folder", files: [] }],
  ])("%j is %j", (source, place) => {
    expect(isModelSource(source)).toBe(true);
    expect(placeOfSource("openVae", source)).toMatchObject(place);
  });

  test("is no JSON file", () => {
    expect(() => placeOfSource("openVae", "https://a.test/vae/config.json?x=1")).toThrow(
      "openVae: https://a.test/vae/config.json?x=1: expected the URL of a model's folder or of its weights, found that of a JSON file. Give the folder's.",
    );
  });

  test.each([[""], [7], [null], [undefined], [{}], [["a"]], [new Uint8Array(4)], [[file, "x"]]])(
    "is not %j",
    (value) => {
      expect(isModelSource(value)).toBe(false);
    },
  );
});
