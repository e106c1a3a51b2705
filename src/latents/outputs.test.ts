import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { Generator } from "../random/index.ts";
import { DiagonalGaussianDistribution } from "./diagonal-gaussian-distribution.ts";
import { Encoded, latentsWithoutPosterior, type LatentsOptions } from "./encoded.ts";
import {
  AutoencoderKLForwardOutput,
  AutoencoderKLOutput,
  DecoderOutput,
  type DecoderOutputFields,
} from "./outputs.ts";

const sample = Tensor.from(Float32Array.of(-1, 1), [1, 1, 1, 2]);

class TimedOutput extends DecoderOutput {
  declare readonly durationMs: number;

  constructor(fields: DecoderOutputFields & { readonly durationMs: number }) {
    super({ ...fields });
  }
}

describe("AutoencoderKLOutput", () => {
  const latentDist = new DiagonalGaussianDistribution(Generator.torch(1).randn([2, 4, 3, 3]));
  const output = new AutoencoderKLOutput({ latentDist });

  it("gives the mode, or a sample where one is asked for", () => {
    expect(output.latents()).toBe(latentDist.mode());
    expect(output.latents({ sample: false })).toBe(latentDist.mode());
    const drawn = output.latents({ sample: true, generator: Generator.torch(5) });
    expect(drawn.data).toEqual(latentDist.sample({ generator: Generator.torch(5) }).data);
    const noise = Generator.torch(6).randn([2, 2, 3, 3]);
    expect(output.latents({ sample: true, noise }).data).toEqual(latentDist.sample({ noise }).data);
  });

  it("refuses randomness that nothing would draw from, and unknown options", () => {
    expect(() => output.latents({ generator: Generator.torch(5) })).toThrow(
      "AutoencoderKLOutput.latents: generator is for sample: true; the most probable latents need none.",
    );
    expect(() => output.latents({ noise: sample })).toThrow("noise is for sample: true");
    expect(() => output.latents({ samples: true } as never)).toThrow(
      "AutoencoderKLOutput.latents: unknown option samples; did you mean sample?",
    );
  });

  it("can be copied with another posterior", () => {
    const other = new DiagonalGaussianDistribution(Tensor.zeros([1, 2, 1, 1]));
    expect(output.with({ latentDist: other }).latents().shape).toEqual([1, 1, 1, 1]);
  });
});

class PointOutput extends Encoded {
  declare readonly code: Tensor;

  constructor(fields: { readonly code: Tensor }) {
    super({ ...fields });
  }

  override latents(options?: LatentsOptions): Tensor<"float32"> {
    return latentsWithoutPosterior("PointOutput", this.code, options);
  }
}

describe("a result without a posterior", () => {
  const output = new PointOutput({ code: Tensor.from(Float64Array.of(1, 2), [1, 2, 1, 1]) });

  it("gives its latents in float32", () => {
    expect(output.latents()).toMatchObject({ dtype: "float32", shape: [1, 2, 1, 1] });
    expect([...output.latents({ sample: false }).data]).toEqual([1, 2]);
  });

  it("refuses a sample, with the reason", () => {
    expect(() => output.latents({ sample: true, generator: Generator.torch(1) })).toThrow(
      "PointOutput.latents: expected no sample, found sample: true: this model has no distribution over latents",
    );
    expect(() => output.latents({ generator: Generator.torch(1) })).toThrow("generator is for sample: true");
  });
});

describe("DecoderOutput", () => {
  it("has no commitment loss unless it is given one", () => {
    expect(new DecoderOutput({ sample }).commitLoss).toBeNull();
    const commitLoss = Tensor.from(Float32Array.of(0.5), [1]);
    expect(new DecoderOutput({ sample, commitLoss }).commitLoss).toBe(commitLoss);
  });

  it("cannot be changed, only copied with changes", () => {
    const output = new DecoderOutput({ sample });
    expect(() => Object.assign(output, { sample: null })).toThrow(TypeError);
    const commitLoss = Tensor.zeros([1]);
    const changed = output.with({ commitLoss });
    expect(changed).toBeInstanceOf(DecoderOutput);
    expect(changed.sample).toBe(sample);
    expect(changed.commitLoss).toBe(commitLoss);
    expect(output.commitLoss).toBeNull();
  });

  it("equals another with the same values", () => {
    const copy = Tensor.from(Float32Array.of(-1, 1), [1, 1, 1, 2]);
    const output = new DecoderOutput({ sample });
    expect(output.equals(new DecoderOutput({ sample: copy }))).toBe(true);
    expect(output.equals(new DecoderOutput({ sample: Tensor.zeros([1, 1, 1, 2]) }))).toBe(false);
    expect(output.equals(new DecoderOutput({ sample, commitLoss: copy }))).toBe(false);
    expect(output.equals(new TimedOutput({ sample, durationMs: 1 }))).toBe(false);
  });

  it("shows its fields in one line, without those that are null", () => {
    const line = "DecoderOutput { sample: Tensor float32 [1, 1, 1, 2], -1 … 1, mean 0 }";
    expect(String(new DecoderOutput({ sample }))).toBe(line);
    expect(inspect(new DecoderOutput({ sample }))).toBe(line);
    expect(JSON.parse(JSON.stringify(new DecoderOutput({ sample })))).toEqual({
      sample: "Tensor float32 [1, 1, 1, 2], -1 … 1, mean 0",
      commitLoss: null,
    });
  });

  it("can be extended by a subclass with fields of its own", () => {
    const output = new TimedOutput({ sample, durationMs: 12 });
    expect(output.durationMs).toBe(12);
    expect(output.commitLoss).toBeNull();
    expect(output.with({ durationMs: 13 })).toBeInstanceOf(TimedOutput);
    expect(output.with({ durationMs: 13 }).durationMs).toBe(13);
    expect(output.equals(new TimedOutput({ sample, durationMs: 12 }))).toBe(true);
    expect(String(output)).toContain("TimedOutput { sample: Tensor");
  });
});

describe("AutoencoderKLOutput and AutoencoderKLForwardOutput", () => {
  it("compare their posteriors by value", () => {
    const posterior = (): DiagonalGaussianDistribution =>
      new DiagonalGaussianDistribution(Tensor.zeros([1, 2]));
    const output = new AutoencoderKLOutput({ latentDist: posterior() });
    expect(output.equals(new AutoencoderKLOutput({ latentDist: posterior() }))).toBe(true);
    const forward = new AutoencoderKLForwardOutput({ sample, latentDist: posterior() });
    expect(forward.equals(forward.with({ latentDist: posterior() }))).toBe(true);
    expect(forward.equals(output)).toBe(false);
    expect(String(output)).toBe(
      "AutoencoderKLOutput { latentDist: DiagonalGaussianDistribution { mean: Tensor float32 [1, 1], 0 … 0, mean 0, std: Tensor float32 [1, 1], 1 … 1, mean 1 } }",
    );
  });
});
