import { describe, expect, test } from "vitest";
import { VaekitError } from "../errors.ts";
import { DeviceChoice } from "./device-choice.ts";
import type { ConcreteDevice } from "./runtime.ts";

/** A machine on which some devices are not there, and others are there but make no sessions. */
function machine(
  candidates: readonly ConcreteDevice[],
  { missing = [], broken = [] }: { missing?: ConcreteDevice[]; broken?: ConcreteDevice[] } = {},
) {
  const probed: ConcreteDevice[] = [];
  const choice = new DeviceChoice(candidates, (device) => {
    probed.push(device);
    return missing.includes(device) ? Promise.reject(new Error("not there")) : Promise.resolve();
  });
  const make = (planned?: ConcreteDevice): Promise<string> =>
    choice.make(
      "the graph g",
      async (device) => {
        await Promise.resolve();
        if (broken.includes(device) || missing.includes(device)) throw new Error("no memory");
        return `on ${device}`;
      },
      planned,
    );
  return { choice, make, probed };
}

describe("the choice", () => {
  test("of one device is made without a probe", async () => {
    const { choice, probed } = machine(["cuda"], { missing: ["cuda"] });
    expect(await choice.resolve()).toBe("cuda");
    expect(probed).toEqual([]);
  });

  test("is the first device that is there, and known before a session is", async () => {
    const { choice, probed } = machine(["cuda", "dml", "cpu"], { missing: ["cuda"] });
    expect(await Promise.all([choice.resolve(), choice.resolve()])).toEqual(["dml", "dml"]);
    expect(probed).toEqual(["cuda", "dml"]);
    expect(choice.settled).toBeUndefined();
  });

  test("is the last device, without a probe, when no other is there", async () => {
    const { choice, make, probed } = machine(["cuda", "dml", "cpu"], { missing: ["cuda", "dml"] });
    expect(await choice.resolve()).toBe("cpu");
    expect(probed).toEqual(["cuda", "dml"]);
    expect(await make("cpu")).toBe("on cpu");
    expect(choice.settled).toBe("cpu");
  });
});

describe("the first session", () => {
  test("falls back where it cannot be made, and the choice with it", async () => {
    const { choice, make } = machine(["cuda", "dml", "cpu"], { broken: ["cuda", "dml"] });
    expect(await choice.resolve()).toBe("cuda");
    expect(await make()).toBe("on cpu");
    expect(await choice.resolve()).toBe("cpu");
    expect(choice.settled).toBe("cpu");
  });

  test("of a plan for one device is made on no other", async () => {
    const { choice, make } = machine(["cuda", "dml", "cpu"], { broken: ["cuda", "dml"] });
    for (const planned of ["cuda", "dml"] as const) {
      await expect(make(planned)).rejects.toMatchObject({ code: "RUNTIME" });
    }
    expect(await choice.resolve()).toBe("cpu");
    expect(choice.settled).toBeUndefined();
    expect(await make("cpu")).toBe("on cpu");
  });

  test("of several that are asked for together decides for all", async () => {
    const { make } = machine(["cuda", "cpu"], { broken: ["cuda"] });
    expect(await Promise.all([make(), make(), make()])).toEqual(["on cpu", "on cpu", "on cpu"]);
    const planned = machine(["cuda", "cpu"], { broken: ["cuda"] });
    const results = await Promise.allSettled([planned.make("cuda"), planned.make("cuda"), planned.make()]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
  });

  test("that nothing can make names what happened on every device", async () => {
    const { make } = machine(["cuda", "dml", "cpu"], { missing: ["cuda"], broken: ["dml", "cpu"] });
    await expect(make()).rejects.toThrow(
      "ONNX Runtime could not prepare the graph g (cuda: not there; dml, cpu: no memory).",
    );
  });
});

test("a later session does not change the device", async () => {
  const broken: ConcreteDevice[] = [];
  const { choice, make } = machine(["cuda", "cpu"], { broken });
  expect(await make()).toBe("on cuda");
  broken.push("cuda");
  await expect(make()).rejects.toThrow("ONNX Runtime could not prepare the graph g (cuda: no memory).");
  expect(await choice.resolve()).toBe("cuda");
});

test("the end of the runtime is no fault of the device", async () => {
  const choice = new DeviceChoice(["cuda", "cpu"], () => Promise.resolve());
  const create = (): Promise<string> => Promise.reject(new VaekitError("DISPOSED", "disposed"));
  await expect(choice.make("the graph g", create)).rejects.toMatchObject({ code: "DISPOSED" });
  expect(await choice.resolve()).toBe("cuda");
});
