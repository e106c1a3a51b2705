/** What a model asks of its parts, in which order, and what it gives back: without an engine. */
import { afterAll, describe, expect, test } from "vitest";
import type { PictureCodec } from "../../src/images/picture-source.ts";
import { Picture } from "../../src/images/picture.ts";
import type { Raster } from "../../src/images/index.ts";
import type { AutoencoderKLOutput } from "../../src/latents/index.ts";
import {
  autoencoderKL,
  completeConfig,
  initializeParameters,
  mlpVae,
  pytorchExamplesMlpVae,
  type AutoencoderKLConfig,
  type MlpVaeConfig,
} from "../../src/models/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { ByteSource } from "../../src/tensor/byte-source.ts";
import { storeInMemory, type StoredTensor } from "../../src/tensor/stored-tensor.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { AutoencoderKLModel } from "../../src/vae/autoencoder-kl.ts";
import { Vae, type VaeParts } from "../../src/vae/vae.ts";
import { matchWeights } from "../../src/vae/model-weights.ts";
import type { CodingPlan } from "../../src/vae/options.ts";
import { machine } from "../small-models.ts";
import { StandInRuntime, type StandInOptions } from "../stand-in-runtime.ts";
import { localEngine } from "../../src/vae/local-engine.ts";

const config = completeConfig({
  blockOutChannels: [4, 8],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  normNumGroups: 2,
  sampleSize: 16,
  scalingFactor: 0.5,
  shiftFactor: 3,
});

type KlParts = VaeParts<AutoencoderKLConfig, AutoencoderKLOutput>;

class Kl extends AutoencoderKLModel {
  static of(parts: KlParts): Kl {
    return new Kl(parts);
  }
}
class Rows extends Vae<MlpVaeConfig, AutoencoderKLOutput> {
  static of(parts: VaeParts<MlpVaeConfig, AutoencoderKLOutput>): Rows {
    return new Rows(parts);
  }
}

/** Weights that count how often they are read, and may be out of reach. */
function counting(tensors: Iterable<readonly [string, Tensor]>) {
  const state = { reads: 0, isMissing: false };
  const stored = [...tensors].map(([name, tensor]): [string, StoredTensor] => {
    const place = storeInMemory(name, tensor);
    const source: ByteSource = {
      ...place.source,
      read: (offset, length) => {
        state.reads++;
        return state.isMissing ? Promise.reject(new Error("gone")) : place.source.read(offset, length);
      },
    };
    return [name, { ...place, source }];
  });
  return { stored: new Map(stored), state };
}

const initial = [...initializeParameters(config, Generator.torch(0))];

function open(options: StandInOptions = {}, parts: Partial<KlParts> = {}) {
  const runtime = new StandInRuntime(options);
  const { stored, state } = counting(initial);
  const weights = matchWeights(autoencoderKL, config, stored, "kl");
  const vae = Kl.of({
    name: "kl",
    model: autoencoderKL,
    config,
    weights,
    engine: localEngine(runtime, machine),
    ...parts,
  });
  return { vae, runtime, reads: state };
}

const pixels = Tensor.zeros([2, 3, 8, 8]);
const latents = Tensor.zeros([2, 4, 4, 4]);

describe("a model", () => {
  test("knows its device once it has run, and by itself all that needs no runtime", async () => {
    const { vae, runtime } = open({ device: "cuda" });
    expect(vae.device).toBeUndefined();
    await vae.decode(latents);
    expect(vae.device).toBe("cuda");
    expect(vae.halves).toEqual(["encoder", "decoder"]);
    expect(vae.parameterTable().map(({ name }) => name)).toEqual([
      ...autoencoderKL.parameterShapes(config).keys(),
    ]);
    expect(vae.parameterTable()[0]).toEqual({
      name: initial[0]![0],
      shape: initial[0]![1].shape,
      dtype: "float32",
    });
    expect(vae.parameterCount).toBe(initial.reduce((sum, [, { size }]) => sum + size, 0));
    expect(vae.scaling).toBe(vae.scaling);
    expect(Object.isFrozen(vae.facts)).toBe(true);
    expect(runtime.isDisposed).toBe(false);
  });

  test("frees its sessions before its runtime, once", async () => {
    const { vae, runtime } = open();
    await vae.decode(latents);
    await vae.encode(pixels, { tiling: "exact" });
    await Promise.all([vae.dispose(), vae.dispose()]);
    await vae[Symbol.asyncDispose]();
    expect([runtime.alive.length, runtime.workspacesAlive]).toEqual([0, 0]);
    expect(runtime.log.filter((each) => each === "dispose runtime")).toHaveLength(1);
    expect(runtime.log.at(-1)).toBe("dispose runtime");
  });

  test("frees its runtime though a session that was being made fails", async () => {
    const { vae, runtime } = open({
      onCreate: () => {
        throw new Error("no memory");
      },
    });
    const decoding = expect(vae.decode(latents)).rejects.toBeDefined();
    await vae.dispose();
    await decoding;
    expect(runtime.isDisposed).toBe(true);
  });

  test("plans with the options of the call, for the half and the size that are asked for", async () => {
    const { vae } = open();
    const size = { batch: 2, height: 8, width: 8 };
    expect(await vae.plan("encoder", size, { tiling: "exact" })).toMatchObject({
      half: "encoder",
      size,
      tiling: "exact",
    });
    expect(await vae.plan("decoder", size, { tiling: "off" })).toMatchObject({
      half: "decoder",
      tiling: "off",
    });
    await expect(vae.plan("decoder", size, { tiling: "exact", maxMemoryBytes: 1 })).rejects.toThrow(
      "maxMemoryBytes: expected at least",
    );
    await expect(vae.plan("decoder", { ...size, batch: 0 })).rejects.toThrow("plan: expected a size");
    await expect(vae.plan("both" as never, size)).rejects.toThrow('plan: expected "encoder" or "decoder"');
  });

  test("tells each pass when it is done, and how many there are", async () => {
    const { vae, runtime } = open();
    const told = async (options: object): Promise<string[]> => {
      const seen: string[] = [];
      const onProgress = ({ done, total }: { done: number; total: number }): number =>
        seen.push(`${done}/${total} after ${runtime.log.filter((each) => each.startsWith("run")).length}`);
      runtime.log.splice(0);
      await vae.decode(Tensor.zeros([2, 4, 12, 4]), { ...options, onProgress });
      return seen;
    };
    expect(await told({ tiling: "off" })).toEqual(["0/1 after 0", "1/1 after 1"]);
    expect(await told({ tiling: "off", slicing: true })).toEqual([
      "0/2 after 0",
      "1/2 after 1",
      "2/2 after 2",
    ]);
    expect(await told({ tiling: "diffusers" })).toEqual(["0/2 after 0", "1/2 after 1", "2/2 after 2"]);
    expect(await told({ tiling: "diffusers", slicing: true })).toEqual(
      [0, 1, 2, 3, 4].map((done) => `${done}/4 after ${done}`),
    );
  });

  test("checks each result, unless it is told not to", async () => {
    const { vae } = open({ value: () => Infinity });
    await expect(vae.decode(latents)).rejects.toMatchObject({ code: "NOT_FINITE" });
    await expect(vae.encode(pixels, { checkFinite: true })).rejects.toMatchObject({ code: "NOT_FINITE" });
    expect((await vae.decode(latents, { checkFinite: false })).sample.data[0]).toBe(Infinity);
    expect((await vae.encode(pixels, { checkFinite: false })).latentDist.mean.data[0]).toBe(Infinity);
    expect((await vae.forward(pixels, { checkFinite: false })).sample.data[0]).toBe(Infinity);
  });

  test("of convolutions does not read its weights to look for damage", async () => {
    const { vae, reads } = open();
    await vae.encode(pixels);
    await vae.decode(latents);
    expect(reads.reads).toBe(0);
    expect((await vae.stateDict()).size).toBe(initial.length);
    expect(reads.reads).toBe(initial.length);
  });
});

describe("a model whose activations hide damage", () => {
  const rows = Tensor.zeros([1, 784]);
  const openRows = () => {
    const { stored, state } = counting(mlpVae.initialize(pytorchExamplesMlpVae, Generator.torch(0)));
    const weights = matchWeights(mlpVae, pytorchExamplesMlpVae, stored, "rows");
    const runtime = new StandInRuntime();
    const vae = Rows.of({
      name: "rows",
      model: mlpVae,
      config: pytorchExamplesMlpVae,
      weights,
      engine: localEngine(runtime, machine),
    });
    return { vae, runtime, state, count: stored.size };
  };

  test("reads its weights once for all calls, also those that come together", async () => {
    const { vae, state, count } = openRows();
    await vae.encode(rows, { checkFinite: false });
    expect(state.reads).toBe(0);
    await Promise.all([vae.encode(rows), vae.encode(rows)]);
    await vae.decode(Tensor.zeros([1, 20]));
    expect(state.reads).toBe(count);
  });

  test("reads them again where that failed, and computes nothing before", async () => {
    const { vae, runtime, state } = openRows();
    state.isMissing = true;
    await expect(vae.encode(rows)).rejects.toThrow("gone");
    expect(runtime.sessions).toEqual([]);
    state.isMissing = false;
    expect((await vae.encode(rows)).latents().shape).toEqual([1, 20]);
  });

  test("plans its rows as a whole, and refuses other ways", async () => {
    const { vae, runtime } = openRows();
    const plans: CodingPlan[] = [];
    await vae.encode(rows, { onPlan: (plan) => void plans.push(plan) });
    expect(plans).toMatchObject([
      { half: "encoder", tiling: "off", size: { batch: 1, height: 1, width: 1 } },
    ]);
    runtime.log.splice(0);
    await expect(vae.encode(rows, { tiling: "exact" })).rejects.toThrow('tiling: expected "auto" or "off"');
    await expect(vae.plan("encoder", { batch: 1, height: 1, width: 1 }, { tiling: "exact" })).rejects.toThrow(
      'tiling: expected "auto" or "off"',
    );
    expect(runtime.log).toEqual([]);
  });
});

describe("forward", () => {
  /** The decoder gives the mean of what it is given. */
  const averaging = (): ReturnType<typeof open> =>
    open({
      value: ({ latent_sample: given, sample }) => {
        if (given === undefined) return sample!.shape[0]!;
        const { data } = given as Tensor<"float32">;
        return data.reduce((sum, value) => sum + value, 0) / data.length;
      },
    });

  test("decodes the mode, or the sample that is asked for", async () => {
    const { vae } = averaging();
    const mode = await vae.forward(pixels);
    expect(mode.sample.data[0]).toBe(2);
    expect(mode.latentDist.mean.data[0]).toBe(2);
    expect((await vae.forward(pixels, { samplePosterior: false })).sample.data[0]).toBe(2);
    const noise = Tensor.from(new Float32Array(128).fill(1), [2, 4, 4, 4]);
    const sampled = await vae.forward(pixels, { samplePosterior: true, noise });
    // Mean and log-variance are both 2.
    expect(sampled.sample.data[0]).toBeCloseTo(2 + Math.E, 5);
    const drawn = await vae.forward(pixels, { samplePosterior: true, generator: Generator.torch(3) });
    const expected = mode.latentDist.sample({ generator: Generator.torch(3) });
    const mean = expected.data.reduce((sum, value) => sum + value, 0) / 128;
    expect(drawn.sample.data[0]).toBeCloseTo(mean, 4);
  });

  test("gives both halves its options, and none of its own", async () => {
    const { vae } = averaging();
    const plans: string[] = [];
    await vae.forward(pixels, {
      tiling: "exact",
      onPlan: ({ half, tiling }) => plans.push(`${half} ${tiling}`),
    });
    expect(plans).toEqual(["encoder exact", "decoder exact"]);
  });

  test("of a half alone begins nothing", async () => {
    for (const half of ["encoder", "decoder"] as const) {
      const { vae, runtime } = open({}, { halves: { [half]: config } });
      await expect(vae.forward(pixels)).rejects.toMatchObject({ code: "UNSUPPORTED" });
      expect(vae.halves).toEqual([half]);
      expect(runtime.log).toEqual([]);
    }
  });

  test("refuses randomness for the mode before anything is encoded", async () => {
    const { vae, runtime } = averaging();
    for (const options of [{ noise: latents }, { generator: Generator.torch(1), samplePosterior: false }]) {
      await expect(vae.forward(pixels, options)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    expect(runtime.log).toEqual([]);
  });
});

describe("pictures", () => {
  const raster: Raster = { width: 16, height: 12, channels: 3, data: new Uint8Array(16 * 12 * 3).fill(255) };
  class Shown extends Picture {
    toPng = (): Promise<Uint8Array> => Promise.resolve(Uint8Array.of(1));
  }
  const asked: unknown[] = [];
  const pictures: PictureCodec = {
    decode: (file, subject) => {
      asked.push([file, subject]);
      return Promise.resolve(raster);
    },
    picture: (made) => new Shown(made),
  };
  const { vae, runtime } = open({ value: ({ sample }) => (sample === undefined ? 1 : 7) }, { pictures });
  afterAll(() => vae.dispose());
  const inputs = (): string[] => runtime.sessions.map(({ graph }) => graph.inputs[0]!.shape.join("x"));

  test("are read by the platform, sized as asked, and encoded to normalised latents", async () => {
    const z = await vae.encodeImage("photo.png");
    expect(asked).toEqual([["photo.png", "encodeImage"]]);
    expect(inputs().at(-1)).toBe("1x3x12x16");
    // (7 - 3) · 0.5
    expect(z.shape).toEqual([1, 4, 6, 8]);
    expect(z.data.every((value) => value === 2)).toBe(true);
    await vae.encodeImage(raster, { size: { width: 8, height: 8 }, tiling: "off" });
    expect(inputs().at(-1)).toBe("1x3x8x8");
    await vae.encodeImage(raster, { size: 6, tiling: "off" });
    expect(inputs().at(-1)).toBe("1x3x6x8");
  });

  test("give a sample where one is asked for", async () => {
    const mode = await vae.encodeImage(raster);
    const draw = (): Promise<Tensor> =>
      vae.encodeImage(raster, { sample: true, generator: Generator.torch(4) });
    const drawn = await draw();
    expect(drawn.equals(mode)).toBe(false);
    expect((await draw()).equals(drawn)).toBe(true);
    expect((await vae.encodeImage(raster, { sample: false })).equals(mode)).toBe(true);
    await expect(vae.encodeImage(raster, { generator: Generator.torch(4) })).rejects.toThrow(
      "encodeImage: generator is for sample: true; the most probable latents need none. Leave one of them out.",
    );
  });

  test("are made by the platform, of denormalised latents", async () => {
    const given: number[] = [];
    const decoding = open(
      {
        value: ({ latent_sample: sample }) => {
          given.push((sample as Tensor<"float32">).data[0]!);
          return 1;
        },
      },
      { pictures },
    );
    const picture = await decoding.vae.decodeImage(Tensor.zeros([1, 4, 4, 4]), { tiling: "off" });
    // 0 / 0.5 + 3
    expect(given).toEqual([3]);
    expect(picture).toBeInstanceOf(Shown);
    expect(picture).toMatchObject({ width: 8, height: 8, channels: 3 });
    expect(picture.data.every((value) => value === 255)).toBe(true);
    await expect(decoding.vae.decodeImage(Tensor.zeros([2, 4, 4, 4]))).rejects.toThrow(
      "latents of one picture",
    );
  });

  test("are not read for a model that cannot encode them, and what it is given is checked first", async () => {
    asked.splice(0);
    const grey = open({}, { pictures, config: { ...config, inChannels: 5 } });
    await expect(grey.vae.encodeImage("photo.png")).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(vae.encodeImage("photo.png", { tilling: 1 } as never)).rejects.toThrow(
      "did you mean tiling?",
    );
    expect(asked).toEqual([]);
  });
});

describe("exportOnnx", () => {
  test("writes the weights into the model, after a look at them", async () => {
    const { vae, reads } = open();
    const size = { batch: 1, height: 4, width: 4 };
    const bytes = await vae.exportOnnx("decoder", size);
    const ofDecoder = vae.graph("decoder", size).initializers.filter(({ data }) => "stored" in data);
    expect(reads.reads).toBe(ofDecoder.length);
    const weight = initial.find(([name]) => name === "decoder.conv_in.weight")![1];
    expect(Buffer.from(bytes).includes(Buffer.from(weight.bytes))).toBe(true);
    const encoder = await vae.exportOnnx("encoder", size);
    expect(Buffer.from(encoder).includes(Buffer.from(weight.bytes))).toBe(false);
  });
});
