/** Weights, pixels and latents of every float dtype give what the same numbers give in float32; others are refused. */
import { afterAll, describe, expect, test } from "vitest";
import { autoencoderKL, completeConfig, initializeParameters } from "../../src/models/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { Runtime } from "../../src/runtime/index.ts";
import type { DType } from "../../src/tensor/dtype.ts";
import { storeInMemory } from "../../src/tensor/stored-tensor.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { matchWeights } from "../../src/vae/model-weights.ts";
import { machine, runtimes } from "../small-models.ts";
import { AssembledModel } from "../models-on-runtimes.ts";
import { localEngine } from "../../src/vae/local-engine.ts";

type FloatDType = "float64" | "float32" | "float16" | "bfloat16";

const config = completeConfig({
  blockOutChannels: [4, 8],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  normNumGroups: 2,
});
const initial = [...initializeParameters(config, Generator.torch(0))];

function as(tensor: Tensor<"float32">, dtype: FloatDType): Tensor {
  return dtype === "float64"
    ? Tensor.from(Float64Array.from(tensor.data), tensor.shape)
    : tensor.toFloat(dtype);
}

/** A model whose weights are rounded to one dtype, and stored in another. */
function modelOf(runtime: Runtime, rounded: FloatDType, stored: FloatDType): AssembledModel {
  const tensors = new Map(
    initial.map(([name, tensor]) => {
      const numbers = as(tensor, rounded).toFloat32();
      return [name, storeInMemory(name, as(numbers, stored))] as const;
    }),
  );
  const weights = matchWeights(autoencoderKL, config, tensors, "small");
  return AssembledModel.of({
    name: "small",
    model: autoencoderKL,
    config,
    weights,
    engine: localEngine(runtime, machine),
  });
}

const pixels = Generator.torch(1).randn([1, 3, 8, 8]);
const latents = Generator.torch(2).randn([1, 4, 4, 4]);

describe.each(Object.entries(runtimes))("in %s", (name, createRuntime) => {
  test.each<FloatDType>(["float64", "float16", "bfloat16"])(
    "weights of %s compute in float32",
    async (dtype) => {
      await using wide = modelOf(createRuntime(), dtype, "float32");
      await using stored = modelOf(createRuntime(), dtype, dtype);
      expect(stored.parameterTable().every((each) => each.dtype === dtype)).toBe(true);
      // Their weights come to a runtime as those of whole graphs do: in WebAssembly, strips of one dtype stand for all.
      // The same numbers, in products of the same order; in WebAssembly kernels that are cast in each run have another order.
      const absolute = name === "Node" ? 1e-6 : 5e-6;
      const inStrips = name === "Node" || dtype === "float16";
      for (const tiling of inStrips ? (["off", "exact"] as const) : (["off"] as const)) {
        const { sample } = await stored.decode(latents, { tiling });
        expect(sample).toBeAllclose((await wide.decode(latents, { tiling })).sample, { absolute });
      }
      const moments = (await stored.encode(pixels)).latentDist.parameters;
      expect(moments).toBeAllclose((await wide.encode(pixels)).latentDist.parameters, { absolute });
    },
  );

  describe("what is encoded and decoded", () => {
    const vae = modelOf(createRuntime(), "float32", "float32");
    afterAll(() => vae.dispose());

    test.each<FloatDType>(["float64", "float16", "bfloat16"])(
      "of %s is taken as float32, and not changed",
      async (dtype) => {
        const [given, z] = [as(pixels, dtype), as(latents, dtype)];
        const before = [given.bytes.slice(), z.bytes.slice()];
        const encoded = await vae.encode(given);
        expect(encoded.equals(await vae.encode(given.toFloat32()))).toBe(true);
        expect((await vae.decode(z)).equals(await vae.decode(z.toFloat32()))).toBe(true);
        expect([given.bytes, z.bytes]).toEqual(before);
        expect(vae.normalizeLatents(z).dtype).toBe("float32");
      },
    );

    test.each<DType>(["uint8", "int64"])("of %s is refused", async (dtype) => {
      await expect(vae.encode(Tensor.zeros([1, 3, 8, 8], dtype))).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: `encode: expected float pixels in [-1, 1], found ${dtype}. VaeImageProcessor converts pictures.`,
      });
      await expect(vae.decode(Tensor.zeros([1, 4, 4, 4], dtype))).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: `decode: expected float latents, found ${dtype}.`,
      });
      await expect(vae.forward(Tensor.zeros([1, 3, 8, 8], dtype))).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    });
  });
});
