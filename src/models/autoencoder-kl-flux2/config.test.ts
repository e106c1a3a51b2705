import { describe, expect, it } from "vitest";
import { VaekitError } from "../../errors.ts";
import type { FoundTensor } from "../../tensor/stored-tensor.ts";
import type { GivenSources } from "../model.ts";
import { areFlux2Tensors, flux2ConfigFromTensors } from "./config-from-tensors.ts";
import {
  completeFlux2Config,
  defaultFlux2Config,
  pairedFlux2Config,
  parseFlux2Config,
  type AutoencoderKLFlux2Config,
} from "./config.ts";
import { parameterShapes } from "./graph.ts";
import { flux2Buffers } from "./statistics.ts";

const codeOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (error instanceof VaekitError) return `${error.code}: ${error.message}`;
  }
  return "no error";
};

describe("a config.json", () => {
  it("of FLUX.2 needs nothing but its class", () => {
    const { config, warnings } = parseFlux2Config({ _class_name: "AutoencoderKLFlux2" }, "config.json");
    expect(config).toEqual(defaultFlux2Config);
    expect(warnings).toEqual([]);
  });

  it("may hold force_upcast, as FLUX.2's own does, which decides nothing", () => {
    expect(parseFlux2Config({ force_upcast: true, sample_size: 512 }, "config.json")).toMatchObject({
      config: { sampleSize: 512 },
      warnings: [],
    });
  });

  it.each([
    [{ patch_size: [1, 1] }, "patch_size: expected [2, 2], found [1, 1]"],
    [{ batch_norm_eps: 0 }, "batch_norm_eps: expected a finite number above 0, found 0"],
    [
      { decoder_block_out_channels: [96, 192] },
      "expected 4 decoder_block_out_channels, one per block_out_channels, found 2",
    ],
    [
      { decoder_block_out_channels: [96, 100, 384, 384] },
      "expected every decoder_block_out_channels to be a multiple of norm_num_groups 32, found 100",
    ],
    [{ scaling_factor: 1 }, "AutoencoderKLFlux2 has no key scaling_factor"],
  ])("%j is refused", (json, message) => {
    expect(codeOf(() => completeFlux2Config(json as object))).toContain(`INVALID_CONFIG: config: ${message}`);
  });
});

const small = completeFlux2Config({ decoderBlockOutChannels: [96, 192, 384, 384] });

/** Name and shape of what a file of this model holds. */
function tensorsOf(config: AutoencoderKLFlux2Config, half?: "encoder" | "decoder"): Map<string, FoundTensor> {
  const shapes = [...parameterShapes(config, half)];
  return new Map(shapes.map(([name, shape]) => [name, { shape } as unknown as FoundTensor]));
}

const withStatistics = (config: AutoencoderKLFlux2Config): Map<string, FoundTensor> => {
  const buffers = [...flux2Buffers(config)].map(
    ([name, { fresh }]) => [name, { shape: fresh.shape }] as const,
  );
  return new Map([...tensorsOf(config), ...(buffers as unknown as [string, FoundTensor][])]);
};

const infer = (tensors: Map<string, FoundTensor>, given: GivenSources = {}): AutoencoderKLFlux2Config =>
  flux2ConfigFromTensors(tensors, given, "ae.safetensors").config;

describe("weights without a config", () => {
  it("say the widths of each half by themselves", () => {
    for (const config of [defaultFlux2Config, small]) {
      const tensors = withStatistics(config);
      expect(areFlux2Tensors(tensors)).toBe(true);
      expect(infer(tensors)).toEqual(config);
    }
  });

  it("are FLUX.2's by their statistics, a half alone by its 32 latent channels", () => {
    expect(areFlux2Tensors(tensorsOf(small))).toBe(false);
    expect(areFlux2Tensors(tensorsOf(small, "encoder"))).toBe(true);
    expect(areFlux2Tensors(tensorsOf(small, "decoder"))).toBe(true);
    const other = completeFlux2Config({ latentChannels: 16 });
    expect(areFlux2Tensors(tensorsOf(other, "decoder"))).toBe(false);
  });

  it("of the small decoder alone leave the encoder to FLUX.2", () => {
    expect(infer(tensorsOf(small, "decoder"))).toEqual(small);
  });

  it("of the encoder alone leave the decoder to mirror it", () => {
    expect(infer(tensorsOf(small, "encoder"))).toEqual(defaultFlux2Config);
  });

  it("are completed by given keys, which must not contradict them", () => {
    const given = (json: object): GivenSources => ({ config: { json, subject: "config", isFile: false } });
    expect(infer(withStatistics(small), given({ batch_norm_eps: 1e-5 })).batchNormEps).toBe(1e-5);
    expect(codeOf(() => infer(withStatistics(small), given({ latent_channels: 16 })))).toContain(
      "INVALID_CONFIG: ae.safetensors: the config contradicts the shapes of the file's tensors: latent_channels: expected 32, found 16",
    );
    expect(codeOf(() => infer(withStatistics(small), { as: "flux1" }))).toContain(
      "expected no `as` for FLUX.2",
    );
  });
});

describe("the halves of two models", () => {
  it("are one config where the decoder differs in its widths", () => {
    expect(pairedFlux2Config(defaultFlux2Config, small)).toEqual(small);
    expect(pairedFlux2Config(small, defaultFlux2Config)).toEqual(defaultFlux2Config);
  });

  it("are none where they differ in what a config says once", () => {
    expect(pairedFlux2Config(defaultFlux2Config, completeFlux2Config({ layersPerBlock: 3 }))).toBeUndefined();
  });
});
