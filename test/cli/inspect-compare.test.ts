/** `vaekit inspect --compare`: what each of two models makes of the other's latents. */
import { expect, test } from "vitest";
import { fixturePath } from "../conformance/fixtures.ts";
import { packageFile } from "../../src/files/node/index.ts";
import { tableCells } from "./table-cells.ts";
import { workFolder } from "./run-cli.ts";

const { run, succeed, json } = workFolder();
const builtIn = packageFile("../assets/default-vae");

test("prints four reconstructions and the answer", async () => {
  const text = await succeed("inspect", "--compare", builtIn, "--device", "cpu");
  const [names, table, answer] = text.trimEnd().split("\n\n");
  expect(names).toMatch(/^A: built-in model\nB: /);
  const [title, ofA, ofB] = tableCells(table!, ["left", "right", "right"]);
  expect(title).toEqual(["PSNR, dB", "decoded by A", "decoded by B"]);
  // It is one model, so all four pictures are the same.
  expect(ofA!.slice(1)).toEqual(ofB!.slice(1));
  expect(Number(ofA![1])).toBeGreaterThan(25);
  expect(answer).toMatch(/^They share a latent space: latents of the other model cost 0\.0 dB at most/);
});

test("tells models of other shapes apart without decoding, also as JSON", async () => {
  const result = await json("inspect", fixturePath("models/sd"), "--compare", builtIn, "--device", "cpu");
  expect(result).toMatchObject({
    verdict: "different",
    reason: "one has 4 latent channels, the other 16",
    pictures: [],
  });
});

test.each([
  [["--plan"], "--plan and --compare are two questions"],
  [["--runtime"], "--runtime is about no model"],
])("is refused with %j", async (options, message) => {
  const { code, stderr } = await run("inspect", "--compare", builtIn, ...options);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
