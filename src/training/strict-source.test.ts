import { expect, it } from "vitest";
import type { BatchSource } from "../data/index.ts";
import type { VaekitError } from "../errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { strictSource, unreadablePicture } from "./strict-source.ts";

it("the error names the picture and both ways out", () => {
  for (const reason of ["expected a picture", "expected a picture."]) {
    expect(unreadablePicture("a.png", reason)).toMatchObject({
      code: "INVALID_FILE",
      message: "a.png: expected a picture. Remove it, or leave it out by training without `strict`.",
    });
  }
});

it("a strict source gives the same batches until something is found wrong, also with the batch itself", async () => {
  const events: string[] = [];
  let fault: VaekitError | undefined;
  let [exampleCount, batchesPerEpoch] = [4, 2];
  const source: BatchSource = {
    get exampleCount() {
      return exampleCount;
    },
    get batchesPerEpoch() {
      return batchesPerEpoch;
    },
    batch: (index) => {
      if (index === 3) fault = unreadablePicture("a.png", "no");
      return Promise.resolve(Tensor.from(Float32Array.of(index), [1]));
    },
    dispose: () => {
      events.push("disposed");
      return Promise.resolve();
    },
  };
  const strict = strictSource(source, () => fault);
  expect((await strict.batch(2)).data[0]).toBe(2);
  expect([strict.exampleCount, strict.batchesPerEpoch]).toEqual([4, 2]);
  [exampleCount, batchesPerEpoch] = [3, 1];
  expect([strict.exampleCount, strict.batchesPerEpoch]).toEqual([3, 1]);
  await expect(strict.batch(3)).rejects.toBe(fault);
  await expect(strict.batch(1)).rejects.toBe(fault);
  await strict.dispose();
  expect(events).toEqual(["disposed"]);
});
