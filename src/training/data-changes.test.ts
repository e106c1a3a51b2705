import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { DataRecord } from "../data/node/index.ts";
import { checkData, writeDataRecord } from "./data-changes.ts";
import type { RunOptions } from "./options.ts";
import type { TrainingData } from "./training-data.ts";

let directory = "";
const notes: string[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "vaekit-data-changes-"));
  await writeFile(join(directory, "recipe.json"), "{}");
  notes.length = 0;
});
afterEach(() => rm(directory, { recursive: true }));

const recordOf = (...names: string[]): DataRecord =>
  names.map((name) => ({ name, byteLength: 7, digest: "0011aabb" }));
const dataOf = (record?: DataRecord): TrainingData => ({ record }) as unknown as TrainingData;
const optionsOf = (more: Partial<RunOptions> = {}): RunOptions =>
  ({ directory, onNote: (note: string) => notes.push(note), ...more }) as unknown as RunOptions;

const check = (record?: DataRecord, more: Partial<RunOptions> = {}): Promise<void> =>
  checkData(optionsOf(more), dataOf(record));

it("a run's pictures are written down, one in a line", async () => {
  await writeDataRecord(directory, dataOf(recordOf("a.png", "b.png")));
  expect(await readFile(join(directory, "data.jsonl"), "utf8")).toBe(
    '["a.png",7,"0011aabb"]\n["b.png",7,"0011aabb"]\n',
  );
});

it("the same pictures pass without a word, and so does a run without any", async () => {
  await writeDataRecord(directory, dataOf(recordOf("a.png", "b.png")));
  await check(recordOf("a.png", "b.png"));
  await check(undefined);
  expect(notes).toEqual([]);
});

it("digits have no record, and what is there of former pictures is not looked at", async () => {
  await writeDataRecord(directory, dataOf());
  await expect(readFile(join(directory, "data.jsonl"))).rejects.toMatchObject({ code: "ENOENT" });
  await writeFile(join(directory, "data.jsonl"), "damaged");
  await check(undefined);
  expect(notes).toEqual([]);
});

it("other pictures are refused, with what has changed and the way out", async () => {
  await writeDataRecord(directory, dataOf(recordOf("a.png", "b.png")));
  for (const allowChangedData of [undefined, false]) {
    await expect(check(recordOf("a.png", "c.png"), { allowChangedData })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${directory}: its pictures have changed since the run began: 1 added (c.png), 1 removed (b.png). Bring them back, or go on with these by \`allowChangedData: true\`.`,
    });
  }
  expect(notes).toEqual([]);
});

it("other pictures are taken where that is allowed, and told of", async () => {
  await writeDataRecord(directory, dataOf(recordOf("a.png", "b.png")));
  await check(recordOf("b.png", "a.png"), { allowChangedData: true });
  expect(notes).toEqual([
    "The pictures have changed since the run began: the same pictures, listed in another order or number.",
  ]);
  await checkData(optionsOf({ allowChangedData: true, onNote: undefined }), dataOf(recordOf("a.png")));
});

it("a run without a record goes on, and says that a change would not show", async () => {
  await check(recordOf("a.png"));
  expect(notes).toEqual([
    "This run has no record of its pictures (data.jsonl), so a change of them would not show.",
  ]);
});

it("a damaged record is named with its line", async () => {
  await writeFile(join(directory, "data.jsonl"), '["a.png",7,"00"]\nnull\n');
  await expect(check(recordOf("a.png"))).rejects.toMatchObject({
    code: "INVALID_FILE",
    message: expect.stringContaining(
      "data.jsonl: expected a picture's name, size and digest in line 2",
    ) as string,
  });
});

it("a folder without a run is left to whoever resumes it", async () => {
  await rm(join(directory, "recipe.json"));
  await writeFile(join(directory, "data.jsonl"), "damaged");
  await check(recordOf("a.png"));
  expect(notes).toEqual([]);
});
