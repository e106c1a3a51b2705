/** What would write beside its result in ONNX Runtime is not written into a model. */
import { describe, expect, test } from "vitest";
import { BlockedWriter } from "../../src/ort/blocked-writer.ts";

const ignore = (): void => undefined;
const sink = { node: ignore, constant: ignore, changeable: ignore, leadingOutput: ignore };
const writer = new BlockedWriter({ size: 16, hasGroups: true }, sink);
const shaped = (name: string, ...shape: number[]) => ({ name, shape });
const rest = { strides: { ints: [1, 1] }, pads: { ints: [0, 0, 0, 0] } };

describe("a writer of blocks of 16 channels", () => {
  test("takes whole blocks, and single channels in groups", () => {
    expect(writer.reorderInput(shaped("x", 1, 32, 4, 4), "y")).toBe("y");
    expect(writer.reorderOutput(shaped("x", 1, 32, 4, 4), 17, "y")).toBe("y");
    const whole = { x: shaped("x", 1, 32, 4, 4), kernels: shaped("w", 16, 32, 3, 3), group: 1, ...rest };
    expect(writer.convolve({ ...whole, bias: shaped("b", 16) }, "y")).toBe("y");
    const groups = { x: shaped("x", 1, 3, 4, 4), kernels: shaped("w", 48, 1, 3, 3), group: 3, ...rest };
    expect(writer.convolve(groups, "y")).toBe("y");
  });

  test.each([
    ["channels that leave a block open", () => writer.reorderInput(shaped("x", 1, 20, 4, 4), "y")],
    ["other ranks", () => writer.reorderInput(shaped("x", 16, 16, 4), "y")],
    ["fewer channels than blocks hold", () => writer.reorderOutput(shaped("x", 1, 32, 4, 4), 16, "y")],
    ["more channels than blocks hold", () => writer.reorderOutput(shaped("x", 1, 32, 4, 4), 33, "y")],
    ["blocks that are not whole", () => writer.reorderOutput(shaped("x", 1, 20, 4, 4), 20, "y")],
  ])("refuses to reorder %s", (_, write) => {
    expect(write).toThrow();
  });

  test.each([
    ["kernels that leave a block open", shaped("x", 1, 16, 4, 4), shaped("w", 20, 16, 3, 3), 1, 20],
    ["kernels of other channels", shaped("x", 1, 32, 4, 4), shaped("w", 16, 16, 3, 3), 1, 16],
    ["kernels of few channels", shaped("x", 1, 3, 4, 4), shaped("w", 16, 3, 3, 3), 1, 16],
    ["groups as many as a block has channels", shaped("x", 1, 16, 4, 4), shaped("w", 256, 1, 3, 3), 16, 256],
    ["groups that leave blocks open", shaped("x", 1, 2, 4, 4), shaped("w", 16, 1, 3, 3), 2, 16],
    ["biases for fewer channels", shaped("x", 1, 16, 4, 4), shaped("w", 16, 16, 3, 3), 1, 8],
    ["volumes", shaped("x", 1, 16, 4, 4, 4), shaped("w", 16, 16, 3, 3, 3), 1, 16],
  ])("refuses to convolve with %s", (_, x, kernels, group, biases) => {
    expect(() => writer.convolve({ x, kernels, group, bias: shaped("b", biases), ...rest }, "y")).toThrow();
  });
});
