/** Where values that are not finite begin: in which parts of a picture it is looked for, and what is said. */
import { describe, expect, test } from "vitest";
import { GraphBuilder, type Graph } from "../../src/graph/index.ts";
import type { Runtime, Session } from "../../src/runtime/index.ts";
import { sizeOf, type Shape } from "../../src/tensor/shape.ts";
import { storeInMemory } from "../../src/tensor/stored-tensor.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { checkFiniteResult, checkFiniteWeights, type Suspect } from "../../src/vae/non-finite.ts";
import { firstNonFiniteLayer, probingBytes } from "../../src/vae/probe-layers.ts";

type Planes = Tensor<"float32">;

/** The number of each element's place. */
const counted = (shape: Shape): Planes =>
  Tensor.from(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
  );

/** Two layers: the second gives what the first gave, and their names. */
function graphOf(shape: Shape): Graph {
  const builder = new GraphBuilder("half");
  const x = builder.input("x", "float32", shape);
  const first = builder.scope("first", () => builder.apply("Neg", [x], {}));
  const second = builder.scope("second", () => builder.apply("Neg", [first], {}));
  return builder.build({ y: builder.apply("Identity", [second], {}) });
}

/** Says of every part that it is shown which layers are not finite in it. */
class Looking {
  readonly parts: { readonly shape: Shape; readonly first: number }[] = [];
  disposed = 0;
  readonly runtime: Runtime;

  constructor(broken: (part: Planes) => readonly number[]) {
    const session = (graph: Graph): Session => ({
      run: ({ x }) => {
        const part = x as Planes;
        this.parts.push({ shape: part.shape, first: part.data[0]! });
        const found = broken(part);
        return Promise.resolve(
          Object.fromEntries(
            graph.outputs.map(({ name }, i) => [
              name,
              Tensor.from(Float32Array.of(found.includes(i) ? NaN : 0), []),
            ]),
          ),
        );
      },
      dispose: () => {
        this.disposed++;
        return Promise.resolve();
      },
    });
    this.runtime = { createSession: (graph: Graph) => Promise.resolve(session(graph)) } as Runtime;
  }
}

const suspectOn = (looking: Looking, parts: Partial<Suspect> = {}): Suspect => ({
  name: "model",
  half: "encoder",
  runtime: looking.runtime,
  graphOf,
  sideUnit: 1,
  ...parts,
});

/** A result with one value that is not finite. */
function resultWith(shape: Shape, place: number, value = NaN): Planes {
  const result = Tensor.zeros(shape);
  result.data[place] = value;
  return result;
}

const messageOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "no error",
    (error: unknown) => (error as Error).message,
  );

describe("a result that is not finite", () => {
  test("is looked for in squares around the place, each twice as large, until one shows it", async () => {
    const looking = new Looking(({ shape }) => (shape[2]! >= 32 ? [1] : []));
    const input = counted([1, 1, 64, 80]);
    const result = resultWith([1, 1, 64, 80], 20 * 80 + 79);
    const pass = { input, result, batch: input, firstPicture: 0 };
    const message = await messageOf(checkFiniteResult(suspectOn(looking), pass));
    expect(looking.parts).toEqual([
      // Around row 20 and the last column, inside the picture.
      { shape: [1, 1, 8, 8], first: 16 * 80 + 72 },
      { shape: [1, 1, 16, 16], first: 12 * 80 + 64 },
      { shape: [1, 1, 32, 32], first: 4 * 80 + 48 },
    ]);
    expect(message).toBe(
      "model: expected finite numbers from the encoder, found NaN. The first layer with such values is second. The weights are finite, so the values grow beyond float32: check that these are the weights of a trained model, and the range of the input.",
    );
    expect(looking.disposed).toBe(3);
  });

  test("is looked for in the whole picture at last, and may stay without a layer", async () => {
    const looking = new Looking(() => []);
    const input = counted([1, 1, 8, 20]);
    const pass = { input, result: resultWith([1, 1, 8, 20], 0), batch: input, firstPicture: 0 };
    const message = await messageOf(checkFiniteResult(suspectOn(looking), pass));
    expect(looking.parts).toEqual([
      { shape: [1, 1, 8, 8], first: 0 },
      { shape: [1, 1, 8, 16], first: 0 },
      { shape: [1, 1, 8, 20], first: 0 },
    ]);
    expect(message).toContain("found NaN. The weights are finite");
  });

  test("of a picture no larger than the first square is looked for once", async () => {
    const looking = new Looking(() => []);
    const input = counted([1, 2, 8, 8]);
    const pass = { input, result: resultWith([1, 2, 8, 8], 0), batch: input, firstPicture: 0 };
    await messageOf(checkFiniteResult(suspectOn(looking), pass));
    expect(looking.parts.map(({ shape }) => shape)).toEqual([[1, 2, 8, 8]]);
  });

  test("is looked for at whole latents, where the half takes pixels", async () => {
    const looking = new Looking(() => [0]);
    const input = counted([1, 1, 64, 80]);
    // Latents 32 x 40 of two pixels each; row 10, column 39.
    const result = resultWith([1, 1, 32, 40], 10 * 40 + 39);
    const pass = { input, result, batch: input, firstPicture: 0 };
    const message = await messageOf(checkFiniteResult(suspectOn(looking, { sideUnit: 2 }), pass));
    expect(looking.parts).toEqual([{ shape: [1, 1, 16, 16], first: 12 * 80 + 64 }]);
    expect(message).toContain("The first layer with such values is first.");
  });

  test("of a batch is looked for in its picture, whose number in the caller's batch is told", async () => {
    const looking = new Looking(() => [0]);
    const batch = counted([5, 1, 8, 8]);
    const input = counted([2, 1, 8, 8]);
    const result = resultWith([2, 1, 8, 8], 64 + 3, -Infinity);
    const pass = { input, result, batch, firstPicture: 3 };
    const message = await messageOf(checkFiniteResult(suspectOn(looking, { half: "decoder" }), pass));
    expect(looking.parts).toEqual([{ shape: [1, 1, 8, 8], first: 64 }]);
    expect(message).toContain("from the decoder, found -Infinity for picture 4 of the batch. The first");
  });

  test("of rows is looked for in the row", async () => {
    const looking = new Looking(() => [0]);
    const input = counted([3, 4]);
    const pass = { input, result: resultWith([3, 2], 5, Infinity), batch: input, firstPicture: 0 };
    const message = await messageOf(checkFiniteResult(suspectOn(looking), pass));
    expect(looking.parts).toEqual([{ shape: [1, 4], first: 8 }]);
    expect(message).toContain("found Infinity for picture 2 of the batch.");
  });

  test("is not looked for where the layers would take more than half a gigabyte", async () => {
    const large = (elements: number) => (): Graph => {
      const builder = new GraphBuilder("large");
      const x = builder.input("x", "float32", [elements]);
      return builder.build({ y: builder.apply("Neg", [x], {}) });
    };
    const input = counted([1, 1, 8, 8]);
    const pass = { input, result: resultWith([1, 1, 8, 8], 0), batch: input, firstPicture: 0 };
    const [fits, doesNot] = [new Looking(() => [0]), new Looking(() => [0])];
    expect(probingBytes(large(2 ** 27)())).toBe(2 ** 29);
    await messageOf(checkFiniteResult(suspectOn(fits, { graphOf: large(2 ** 27) }), pass));
    await messageOf(checkFiniteResult(suspectOn(doesNot, { graphOf: large(2 ** 27 + 1) }), pass));
    expect([fits.parts.length, doesNot.parts.length]).toEqual([1, 0]);
  });

  test("is the caller's fault where the input has such values", async () => {
    const looking = new Looking(() => [0]);
    const batch = counted([2, 1, 8, 8]);
    batch.data[64 + 8 + 5] = Infinity;
    const pass = { input: batch, result: resultWith([2, 1, 8, 8], 0), batch, firstPicture: 0 };
    for (const [half, text] of [
      ["encoder", "encode: expected finite pixels"],
      ["decoder", "decode: expected finite latents"],
    ] as const) {
      await expect(checkFiniteResult(suspectOn(looking, { half }), pass)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: `${text}, found Infinity at [1, 0, 1, 5].`,
      });
    }
    expect(looking.parts).toEqual([]);
  });

  test("that is finite is no error, whatever the input is", async () => {
    const looking = new Looking(() => [0]);
    const batch = counted([1, 1, 8, 8]);
    batch.data[0] = NaN;
    const pass = { input: batch, result: Tensor.zeros([1, 1, 8, 8]), batch, firstPicture: 0 };
    await expect(checkFiniteResult(suspectOn(looking), pass)).resolves.toBeUndefined();
  });

  test("names the weights of the half that are damaged, as far as they are", async () => {
    const withWeights =
      (...values: number[]) =>
      (shape: Shape): Graph => {
        const builder = new GraphBuilder("weighted");
        const x = builder.input("x", "float32", shape);
        const y = values.reduce((sum, value, i) => {
          const weight = storeInMemory(`w${i}`, Tensor.from(Float32Array.of(value), [1]));
          return builder.apply("Add", [sum, builder.stored(weight)], {});
        }, x);
        return builder.build({ y });
      };
    const input = counted([1, 1, 8, 8]);
    const pass = { input, result: resultWith([1, 1, 8, 8], 0), batch: input, firstPicture: 0 };
    const said = (...values: number[]): Promise<string> =>
      messageOf(
        checkFiniteResult(suspectOn(new Looking(() => [0]), { graphOf: withWeights(...values) }), pass),
      );
    const advice = "Get the file again, and in float32 if it was converted to float16.";
    expect(await said(1, NaN)).toMatch(
      /The weights are damaged: w1 holds NaN or infinite values\. Get the file/,
    );
    expect(await said(NaN, 1, Infinity)).toContain(
      `The weights are damaged: w0 and 1 more tensors hold NaN or infinite values. ${advice}`,
    );
  });
});

describe("checkFiniteWeights", () => {
  const weights = (...values: number[]): Map<string, Tensor> =>
    new Map(values.map((value, i) => [`w${i}`, Tensor.from(Float32Array.of(value), [1])]));

  test("takes finite ones, and names the first of the others", () => {
    checkFiniteWeights("model", weights(1, -3e38));
    expect(() => {
      checkFiniteWeights("model", weights(1, NaN, Infinity, NaN));
    }).toThrow(
      expect.objectContaining({
        code: "NOT_FINITE",
        message: expect.stringMatching(
          /^model: expected finite weights\. The weights are damaged: w1 and 2 more tensors hold NaN/,
        ) as string,
      }),
    );
  });
});

describe("the layers that are probed", () => {
  test("are those that make values, by the module that they belong to, in the order of computation", async () => {
    const builder = new GraphBuilder("mixed");
    const x = builder.input("x", "float32", [2, 2]);
    const fixed = builder.apply("Neg", [builder.constant("c", Tensor.zeros([2, 2]))], {});
    const moved = builder.scope("moved", () => builder.apply("Transpose", [x], { perm: [1, 0] }));
    const added = builder.scope("added", () => builder.apply("Add", [moved, fixed], {}));
    const last = builder.apply("Neg", [added], {});
    const graph = builder.build({ y: last });
    let outputs = 0;
    const looking = new Looking(() => {
      return [1];
    });
    const createSession = looking.runtime.createSession.bind(looking.runtime);
    looking.runtime.createSession = (probed) => {
      outputs = probed.outputs.length;
      return createSession(probed);
    };
    // Neither what only moves values, nor what no input changes.
    expect(await firstNonFiniteLayer(looking.runtime, graph, Tensor.zeros([2, 2]))).toBe("mixed");
    expect(outputs).toBe(2);
    const first = new Looking(() => [0, 1]);
    expect(await firstNonFiniteLayer(first.runtime, graph, Tensor.zeros([2, 2]))).toBe("added");
    const none = new Looking(() => []);
    expect(await firstNonFiniteLayer(none.runtime, graph, Tensor.zeros([2, 2]))).toBeUndefined();
  });

  test("leave no session behind, though they cannot be computed", async () => {
    const looking = new Looking(() => {
      throw new Error("no memory");
    });
    await expect(firstNonFiniteLayer(looking.runtime, graphOf([1]), Tensor.zeros([1]))).rejects.toThrow();
    expect(looking.disposed).toBe(1);
  });
});
