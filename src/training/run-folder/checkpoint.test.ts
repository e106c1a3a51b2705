import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BrokenReads } from "../../../test/broken-reads.ts";
import { FileCalls } from "../../../test/train/file-calls.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  checkpointName,
  discardCheckpointsAfter,
  latestCheckpoint,
  latestUsableCheckpoint,
  listCheckpoints,
  readCheckpoint,
  writeCheckpoint,
  type CheckpointContent,
} from "./checkpoint.ts";
import { removeLeftovers } from "../../files/node/index.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-checkpoint-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const content = (step: number): CheckpointContent => ({
  step,
  tensors: new Map<string, Tensor>([
    ["weights.conv.weight", Tensor.from(Float32Array.of(step, 1.5, -0, NaN), [2, 2])],
    ["adam.step", Tensor.from(BigInt64Array.of(BigInt(step)), [])],
    ["ema.conv.weight", Tensor.from(Float64Array.of(1 / 3), [1])],
  ]),
  state: { generator: "c2VlZA==", cursor: { epoch: 2, index: 17 } },
  fingerprint: { model: { latentChannels: 4, layers: [1, 2] } },
});

const steps = async (): Promise<number[]> => (await listCheckpoints(folder)).map(({ step }) => step);

describe("writeCheckpoint", () => {
  it("writes what readCheckpoint reads back, bit for bit", async () => {
    const path = await writeCheckpoint(folder, content(500));
    expect(path).toBe(join(folder, "step-000500"));
    expect((await readdir(path)).sort()).toEqual(["state.json", "state.safetensors"]);
    const read = await readCheckpoint(path);
    const { tensors, ...rest } = content(500);
    expect(read).toMatchObject({ ...rest, path });
    expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, tensor] of tensors) expect(read.tensors.get(name)?.equals(tensor)).toBe(true);
  });

  it("writes equal bytes for equal content, whatever the order of its keys", async () => {
    const first = await writeCheckpoint(join(folder, "a"), content(7));
    const { tensors, ...rest } = content(7);
    const second = await writeCheckpoint(join(folder, "b"), {
      ...rest,
      tensors: new Map([...tensors].reverse()),
      state: { cursor: { index: 17, epoch: 2 }, generator: "c2VlZA==" },
    });
    for (const file of ["state.json", "state.safetensors"]) {
      expect(await readFile(join(second, file))).toEqual(await readFile(join(first, file)));
    }
  });

  it("replaces a checkpoint of the same step", async () => {
    await writeCheckpoint(folder, content(3));
    const path = await writeCheckpoint(folder, { ...content(3), state: "second" });
    expect((await readCheckpoint(path)).state).toBe("second");
    expect(await readdir(folder)).toEqual(["step-000003"]);
  });

  it("keeps the newest, and those at a multiple of keepEvery", async () => {
    for (const step of [10, 20, 30, 40, 50]) {
      await writeCheckpoint(folder, content(step), { keep: 2, keepEvery: 20 });
    }
    expect(await steps()).toEqual([20, 40, 50]);
    await writeCheckpoint(folder, content(60), { keep: 1 });
    expect(await readdir(folder)).toEqual(["step-000060"]);
  });

  it("neither counts nor removes later checkpoints", async () => {
    await writeCheckpoint(folder, content(10));
    await writeCheckpoint(folder, content(99));
    await writeCheckpoint(folder, content(20), { keep: 2 });
    expect(await steps()).toEqual([10, 20, 99]);
  });

  it("refuses a state that JSON would change, and leaves nothing behind", async () => {
    const wrong = { ...content(1), state: { loss: [0, NaN] } };
    await expect(writeCheckpoint(folder, wrong)).rejects.toThrow(
      "checkpoint.state.loss[1]: expected a value that JSON keeps as it is (finite numbers, strings, lists, plain objects), found NaN.",
    );
    expect(await readdir(folder)).toEqual([]);
    await expect(writeCheckpoint(folder, { ...content(1), step: 1.5 })).rejects.toThrow(
      "expected step to be an integer of at least 0, found 1.5",
    );
    await expect(writeCheckpoint(folder, content(1), { keep: 0 })).rejects.toThrow(
      "expected keep to be an integer of at least 1, found 0",
    );
    await expect(writeCheckpoint(folder, content(1), { keepEvery: 0 })).rejects.toThrow("keepEvery to be");
    await expect(writeCheckpoint(folder, { ...content(1), step: -1 })).rejects.toThrow("found -1");
    expect(await writeCheckpoint(folder, content(0), { keep: 1, keepEvery: 1 })).toContain("step-000000");
  });
});

/** `error` as the file system would have thrown it. */
const systemError = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });

describe("a checkpoint that the system refuses", () => {
  const moments = {
    "its tensors": /^sync \S+state\.safetensors/,
    "its state": /^sync \S+state\.json/,
    "its list of names": /^sync \S+\/\.step-000002\.[0-9a-f]+\.partial$/,
    "its place": /^rename \S+\.partial \S+\/step-000002$/,
  };

  it.each(Object.entries(moments))(
    "midway, at %s, leaves every earlier one as it was, and nothing else",
    async (_, moment) => {
      await writeCheckpoint(folder, content(1));
      const before = await readFile(join(folder, "step-000001", "state.safetensors"));
      using files = new FileCalls((call) => {
        if (moment.test(call)) throw systemError("EIO");
      });
      await expect(writeCheckpoint(folder, content(2), { keep: 1 })).rejects.toMatchObject({
        code: "IO",
        message: `${join(folder, "step-000002")}: the checkpoint could not be written: EIO: no. The last good checkpoint is ${join(folder, "step-000001")}.`,
      });
      expect(files.calls.some((call) => moment.test(call))).toBe(true);
      expect(await readdir(folder)).toEqual(["step-000001"]);
      expect(await readFile(join(folder, "step-000001", "state.safetensors"))).toEqual(before);
    },
  );

  it.each(["ENOSPC", "EDQUOT"])("for %s says that the disk is full", async (code) => {
    using files = new FileCalls((call) => {
      if (/^sync \S+state\.safetensors/.test(call)) throw systemError(code);
    });
    await expect(writeCheckpoint(folder, content(2))).rejects.toThrow(
      `${join(folder, "step-000002")}: the checkpoint could not be written: the disk is full, or your share of it. There is no earlier checkpoint.`,
    );
    expect(files.calls).not.toEqual([]);
  });

  it("in the place of one of the same step puts that one back", async () => {
    await writeCheckpoint(folder, { ...content(2), state: "first" });
    using files = new FileCalls((call) => {
      if (/^rename \S+\.partial \S+\/step-000002$/.test(call)) throw systemError("EIO");
    });
    await expect(writeCheckpoint(folder, { ...content(2), state: "second" })).rejects.toMatchObject({
      code: "IO",
    });
    expect(files.calls.at(-1)).toMatch(/^rm |^rename /);
    expect(await readdir(folder)).toEqual(["step-000002"]);
    expect((await readCheckpoint(join(folder, "step-000002"))).state).toBe("first");
  });
});

describe("a checkpoint that breaks off while it is read", () => {
  it("is not taken for a damaged one, nor passed over: the next try may read it", async () => {
    await writeCheckpoint(folder, content(1));
    const path = await writeCheckpoint(folder, content(2));
    const tensors = join(path, "state.safetensors");
    const refusal = { code: "IO", message: `${tensors}: reading failed: EIO: i/o error, read.` };
    {
      using broken = new BrokenReads("EIO", "state.safetensors");
      await expect(readCheckpoint(path)).rejects.toMatchObject(refusal);
      await expect(latestUsableCheckpoint(folder)).rejects.toMatchObject(refusal);
      expect(broken.count).toBe(2);
    }
    expect((await readCheckpoint(path)).step).toBe(2);
  });

  it("is damaged where it ends early", async () => {
    await writeCheckpoint(folder, content(1));
    const path = await writeCheckpoint(folder, content(2));
    using broken = new BrokenReads("end", "state.safetensors");
    // What was read until then has the right sum: it is the second look at the file that is short.
    await expect(readCheckpoint(path)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: expect.stringContaining(`${join(path, "state.safetensors")}: expected at least`) as string,
    });
    expect(broken.count).toBeGreaterThan(0);
  });
});

describe("a damaged checkpoint", () => {
  const damages: readonly (readonly [string, (path: string) => Promise<void>, RegExp])[] = [
    [
      "state.safetensors cut off",
      (path) => truncate(join(path, "state.safetensors"), 100),
      /state\.safetensors: the file is damaged: expected \d+ bytes, found 100\.$/,
    ],
    [
      "one bit of a weight changed",
      (path) => flipBit(join(path, "state.safetensors"), -3),
      /state\.safetensors: the file is damaged: its bytes have another SHA-256/,
    ],
    [
      "state.safetensors missing",
      (path) => rm(join(path, "state.safetensors")),
      /state\.safetensors: the checkpoint is damaged: this file is missing\.$/,
    ],
    [
      "state.json missing",
      (path) => rm(join(path, "state.json")),
      /state\.json: the checkpoint is damaged: this file is missing\.$/,
    ],
    [
      "state.json cut off",
      (path) => truncate(join(path, "state.json"), 60),
      /state\.json: the file is damaged: it is not JSON/,
    ],
    ["state.json empty", (path) => truncate(join(path, "state.json"), 0), /state\.json: .* not JSON/],
    [
      "a number in state.json changed",
      (path) => replaceText(join(path, "state.json"), '"index": 17', '"index": 18'),
      /state\.json: the file is damaged: its checksum does not fit/,
    ],
    [
      "other JSON in its place",
      (path) => writeFile(join(path, "state.json"), "[1]"),
      /state\.json: expected the state of a vaekit checkpoint, found other JSON\.$/,
    ],
  ];

  it.each(damages)("is refused, naming the file, and passed over: %s", async (_name, damage, message) => {
    await writeCheckpoint(folder, content(1));
    const path = await writeCheckpoint(folder, content(2));
    await damage(path);
    await expect(readCheckpoint(path)).rejects.toThrow(message);
    const { checkpoint, damaged } = await latestUsableCheckpoint(folder);
    expect(checkpoint?.step).toBe(1);
    expect(damaged.map(({ step, error }) => [step, error.code])).toEqual([[2, "INVALID_FILE"]]);
  });

  it("is every one in which one bit of state.json is another", async () => {
    const path = join(await writeCheckpoint(folder, content(1)), "state.json");
    const size = (await readFile(path)).byteLength;
    for (let at = 0; at < size; at++) {
      await flipBit(path, at);
      await expect(readCheckpoint(join(folder, "step-000001"))).rejects.toMatchObject({
        name: "VaekitError",
      });
      await flipBit(path, at);
    }
    expect((await readCheckpoint(join(folder, "step-000001"))).step).toBe(1);
  });

  async function flipBit(path: string, at: number): Promise<void> {
    const bytes = await readFile(path);
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = bytes[index]! ^ 1;
    await writeFile(path, bytes);
  }

  async function replaceText(path: string, from: string, to: string): Promise<void> {
    await writeFile(path, (await readFile(path, "utf8")).replace(from, to));
  }
});

describe("readCheckpoint", () => {
  it("says that a later vaekit has written it, and does not pass over it", async () => {
    await writeCheckpoint(folder, content(1));
    const path = await writeCheckpoint(folder, content(2));
    const file = join(path, "state.json");
    await writeFile(file, (await readFile(file, "utf8")).replace('"version": 1', '"version": 2'));
    const refusal = {
      code: "UNSUPPORTED",
      message: `${file}: expected a checkpoint of format 1, found 2; use a newer vaekit.`,
    };
    await expect(readCheckpoint(path)).rejects.toMatchObject(refusal);
    await expect(latestUsableCheckpoint(folder)).rejects.toMatchObject(refusal);
  });

  it("looks whether it fits before it reads a tensor, and names three differences at most", async () => {
    const path = await writeCheckpoint(folder, content(1));
    const three = { model: { latentChannels: 8, layers: [2], norm: "group" } };
    await expect(readCheckpoint(path, { fingerprint: three })).rejects.toThrow(
      /"group" in the recipe\. Resume/,
    );
    const four = { model: { ...three.model, zero: 0 } };
    await expect(readCheckpoint(path, { fingerprint: four })).rejects.toThrow("; and 1 more.");
    await expect(readCheckpoint(path, { fingerprint: "other" })).rejects.toThrow(
      'the architecture is {"model":{"latentChannels":4,"layers":[1,2]}} in the checkpoint, "other" in the recipe',
    );
    const unknown = new Map(content(1).tensors);
    unknown.delete("adam.step");
    await expect(readCheckpoint(path, { tensors: unknown })).rejects.toThrow(
      "the tensor adam.step is unknown to the model. Resume",
    );
  });

  it("says that nothing is there", async () => {
    const missing = join(folder, "step-000009");
    await expect(readCheckpoint(missing)).rejects.toMatchObject({
      code: "NOT_FOUND",
      // Of the folder, not of a file that is missing in it.
      message: expect.stringMatching(/step-000009: (?!.*state)/) as string,
    });
  });

  it("takes a checkpoint that fits", async () => {
    const path = await writeCheckpoint(folder, content(1));
    expect((await readCheckpoint(path, content(1))).step).toBe(1);
  });

  it("names what differs in the architecture", async () => {
    const path = await writeCheckpoint(folder, content(1));
    const fingerprint = { model: { latentChannels: 8, layers: [1, 2], norm: "group" } };
    await expect(readCheckpoint(path, { fingerprint })).rejects.toMatchObject({
      code: "WEIGHTS_MISMATCH",
      message: `${path}: this checkpoint is of another architecture: model.latentChannels is 4 in the checkpoint, 8 in the recipe; model.norm is absent in the checkpoint, "group" in the recipe. Resume with the recipe that it was trained with, or train in another folder.`,
    });
  });

  it("names the tensors that differ, three of them", async () => {
    const path = await writeCheckpoint(folder, content(1));
    const tensors = new Map<string, Tensor>([
      ["weights.conv.weight", Tensor.zeros([3, 2])],
      ["adam.step", Tensor.zeros([])],
      ["new", Tensor.zeros([1])],
    ]);
    await expect(readCheckpoint(path, { tensors })).rejects.toThrow(
      "expected weights.conv.weight to be float32 [3, 2], found float32 [2, 2]; expected adam.step to be float32 [], found int64 []; the tensor new is missing; and 1 more.",
    );
  });

  it("does not pass over a checkpoint of another architecture", async () => {
    await writeCheckpoint(folder, content(1));
    await expect(latestUsableCheckpoint(folder, { fingerprint: "other" })).rejects.toMatchObject({
      code: "WEIGHTS_MISMATCH",
    });
  });
});

describe("the folder of checkpoints", () => {
  it("is listed in the order of steps, without anything incomplete or foreign", async () => {
    await writeCheckpoint(folder, content(1_000_000));
    await writeCheckpoint(folder, content(20));
    const foreign = [
      ".step-000030.1234abcd.partial",
      "step-12",
      "notes",
      "step-000040.discarded",
      "a-step-000050",
    ];
    for (const name of foreign) await mkdir(join(folder, name));
    expect(await steps()).toEqual([20, 1_000_000]);
    expect((await latestCheckpoint(folder))?.path).toBe(join(folder, checkpointName(1_000_000)));
  });

  it("may be empty or missing", async () => {
    expect(await latestCheckpoint(join(folder, "none"))).toBeUndefined();
    expect(await latestUsableCheckpoint(folder)).toEqual({ checkpoint: undefined, damaged: [] });
  });

  it("gets back a checkpoint whose successor never came", async () => {
    const path = await writeCheckpoint(folder, content(5));
    await cp(path, `${path}.replaced`, { recursive: true });
    await rm(path, { recursive: true });
    await mkdir(join(folder, ".step-000005.00ff00ff.partial"));
    await removeLeftovers(folder);
    expect(await readdir(folder)).toEqual(["step-000005"]);
    expect((await readCheckpoint(path)).step).toBe(5);
  });

  it("puts later checkpoints out of the way", async () => {
    for (const step of [1, 2, 3]) await writeCheckpoint(folder, content(step));
    await discardCheckpointsAfter(folder, 1);
    await writeCheckpoint(folder, { ...content(2), state: "again" });
    await discardCheckpointsAfter(folder, 1);
    expect((await readCheckpoint(join(folder, "step-000002.discarded"))).state).toBe("again");
    expect((await readdir(folder)).sort()).toEqual([
      "step-000001",
      "step-000002.discarded",
      "step-000003.discarded",
    ]);
  });
});
