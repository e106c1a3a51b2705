/** Rows of arguments for all that works on latents and on what models return. */
import * as vaekit from "../src/node/index.ts";
import { anything, options, optional, row, type Rows } from "./argument-rows.ts";

const { Tensor, DiagonalGaussianDistribution, Histogram, PixelDistribution } = vaekit;
const statistics = (): vaekit.LatentStatistics => new vaekit.LatentStatistics(4);
const calibrator = (): vaekit.LatentCalibrator => new vaekit.LatentCalibrator(4);
const histogram = (): vaekit.Histogram => new Histogram({ low: 0, high: 1, bins: 2 });
const scaling = { kind: "factor", latentChannels: 4, scalingFactor: 1, shiftFactor: 0 } as const;
const latents = Tensor.zeros([1, 4, 2, 2]);
const pixelFields = {
  distribution: "normal",
  mean: Tensor.zeros([1, 2]),
  scale: Tensor.zeros([1, 2]),
  range: "unit",
  levels: null,
} as const;
const posterior = new DiagonalGaussianDistribution(Tensor.zeros([1, 8, 2, 2]));
const config = vaekit.completeConfig({});

export const latentsRows: Rows = {
  calibrate: row((x) => vaekit.calibrate(x)),
  LatentCalibrator: row((x) => new vaekit.LatentCalibrator(x)),
  "LatentCalibrator: histogram": optional((x) => new vaekit.LatentCalibrator(4, x)),
  "LatentCalibrator.add": row((x) => calibrator().add(x)),
  "LatentCalibrator.merge": row((x) => calibrator().merge(x)),
  "LatentCalibrator.fromJSON": row((x) => vaekit.LatentCalibrator.fromJSON(x)),
  "LatentCalibrator.fromJSON: pictures": row(
    (x) => vaekit.LatentCalibrator.fromJSON({ ...calibrator().toJSON(), pictures: x }),
    "list",
  ),
  "LatentCalibrator.fromJSON: histogram": row((x) =>
    vaekit.LatentCalibrator.fromJSON({ ...calibrator().toJSON(), histogram: x }),
  ),
  LatentStatistics: row((x) => new vaekit.LatentStatistics(x)),
  "LatentStatistics.add": row((x) => statistics().add(x)),
  "LatentStatistics.merge": row((x) => statistics().merge(x)),
  "LatentStatistics.fromJSON": row((x) => vaekit.LatentStatistics.fromJSON(x)),
  "LatentStatistics.fromJSON: channels": row((x) =>
    vaekit.LatentStatistics.fromJSON({ ...statistics().toJSON(), channels: x }),
  ),
  "LatentStatistics.fromJSON: squares": row((x) =>
    vaekit.LatentStatistics.fromJSON({ ...statistics().toJSON(), squares: x }),
  ),
  Histogram: row((x) => new Histogram(x)),
  "Histogram: low": row((x) => new Histogram({ low: x, high: 9, bins: 2 }), "fraction", "negative"),
  "Histogram: bins": row((x) => new Histogram({ low: 0, high: 9, bins: x })),
  "Histogram.add": row((x) => histogram().add(x)),
  "Histogram.merge": row((x) => histogram().merge(x)),
  "Histogram.normalized": row((x) => histogram().normalized(x, 1), "fraction", "negative"),
  "Histogram.normalized: scale": row((x) => histogram().normalized(0, x), "fraction"),
  "Histogram.fromJSON": row((x) => Histogram.fromJSON(x)),
  "Histogram.fromJSON: counts": row((x) => Histogram.fromJSON({ ...histogram().toJSON(), counts: x })),
  PixelDistribution: row((x) => new PixelDistribution(x)),
  "PixelDistribution: mean": row((x) => new PixelDistribution({ ...pixelFields, mean: x })),
  "PixelDistribution: scale": row((x) => new PixelDistribution({ ...pixelFields, scale: x })),
  "PixelDistribution.sample": options((x) => new PixelDistribution(pixelFields).sample(x)),
  "PixelDistribution.sample: generator": optional((x) =>
    new PixelDistribution(pixelFields).sample({ generator: x }),
  ),
  "PixelDistribution.nll": row((x) => new PixelDistribution(pixelFields).nll(x)),
  "PixelDistribution.bitsPerDimension": row((x) => new PixelDistribution(pixelFields).bitsPerDimension(x)),
  DiagonalGaussianDistribution: row((x) => new DiagonalGaussianDistribution(x)),
  "DiagonalGaussianDistribution: options": options(
    (x) => new DiagonalGaussianDistribution(Tensor.zeros([1, 2]), x),
  ),
  "DiagonalGaussianDistribution.sample": options((x) => posterior.sample(x)),
  "DiagonalGaussianDistribution.sample: generator": optional((x) => posterior.sample({ generator: x })),
  "DiagonalGaussianDistribution.sample: noise": optional((x) => posterior.sample({ noise: x })),
  "DiagonalGaussianDistribution.kl": optional((x) => posterior.kl(x)),
  "DiagonalGaussianDistribution.equals": row((x) => posterior.equals(x), ...anything),
  "DiagonalGaussianDistribution.nll": row((x) => posterior.nll(x)),
  "DiagonalGaussianDistribution.nll: dims": optional((x) => posterior.nll(latents, x), "null", "list"),
  combineLatents: row((x) => vaekit.combineLatents(x)),
  "combineLatents: weight": row(
    (x) => vaekit.combineLatents([{ latents, weight: x }]),
    "fraction",
    "negative",
  ),
  interpolateLatents: row((x) => vaekit.interpolateLatents(latents, x, 0.5)),
  "interpolateLatents: fraction": row(
    (x) => vaekit.interpolateLatents(latents, latents, x),
    "fraction",
    "negative",
  ),
  "interpolateLatents: kind": optional((x) => vaekit.interpolateLatents(latents, latents, 0, x)),
  interpolationPath: row((x) => vaekit.interpolationPath(x, latents, 3)),
  "interpolationPath: steps": row((x) => vaekit.interpolationPath(latents, latents, x)),
  "interpolationPath: kind": optional((x) => vaekit.interpolationPath(latents, latents, 2, x)),
  packLatents: row((x) => vaekit.packLatents(x)),
  unpackLatents: row((x) => vaekit.unpackLatents(x, { height: 16, width: 16 })),
  "unpackLatents: options": row((x) => vaekit.unpackLatents(Tensor.zeros([1, 1, 4]), x)),
  normalizeLatents: row((x) => vaekit.normalizeLatents(x, scaling)),
  "normalizeLatents: config": row((x) => vaekit.normalizeLatents(latents, x)),
  denormalizeLatents: row((x) => vaekit.denormalizeLatents(x, scaling)),
  "denormalizeLatents: config": row((x) => vaekit.denormalizeLatents(latents, x)),
  "normalizeLatents: mean": row((x) =>
    vaekit.normalizeLatents(latents, { kind: "meanStd", latentChannels: 4, mean: x, std: [1, 1, 1, 1] }),
  ),
  "normalizeLatents: latentsStd": row(
    (x) => vaekit.normalizeLatents(latents, { ...config, latentsMean: [0, 0, 0, 0], latentsStd: x }),
    "undefined",
    "null",
  ),
  latentScaling: row((x) => vaekit.latentScaling(x)),
  describeScaling: row((x) => vaekit.describeScaling(x)),
  AutoencoderKLOutput: row((x) => new vaekit.AutoencoderKLOutput(x)),
  "AutoencoderKLOutput: latentDist": row((x) => new vaekit.AutoencoderKLOutput({ latentDist: x })),
  AutoencoderTinyOutput: row((x) => new vaekit.AutoencoderTinyOutput(x)),
  "AutoencoderTinyOutput: latentSample": row((x) => new vaekit.AutoencoderTinyOutput({ latentSample: x })),
  "AutoencoderTinyOutput.latents": options((x) =>
    new vaekit.AutoencoderTinyOutput({ latentSample: latents }).latents(x),
  ),
  DecoderOutput: row((x) => new vaekit.DecoderOutput(x)),
  "DecoderOutput: sample": row((x) => new vaekit.DecoderOutput({ sample: x })),
  "DecoderOutput: commitLoss": optional(
    (x) => new vaekit.DecoderOutput({ sample: latents, commitLoss: x }),
    "null",
  ),
  AutoencoderKLForwardOutput: row((x) => new vaekit.AutoencoderKLForwardOutput(x)),
  "AutoencoderKLForwardOutput: sample": row(
    (x) => new vaekit.AutoencoderKLForwardOutput({ sample: x, latentDist: posterior }),
  ),
  "ValueObject.equals": row((x) => new vaekit.DecoderOutput({ sample: latents }).equals(x), ...anything),
  "ValueObject.with": row(
    (x) => new vaekit.DecoderOutput({ sample: latents }).with(x),
    "object",
    "list",
    "list of nulls",
    "Map",
  ),
};
