/** A calibration in words: the factors with their intervals, and config fields ready to paste. */
import type { Estimate, LatentCalibrator } from "../node/index.ts";
import { formatCount, formatTable } from "./format.ts";

export type CalibrationResult = ReturnType<LatentCalibrator["result"]>;

/** The fields of config.json: one factor for all channels, or one mean and std for each. */
export interface CalibrationFields {
  readonly global: {
    readonly scaling_factor: number;
    readonly shift_factor: number;
    readonly latents_mean: null;
    readonly latents_std: null;
  };
  /** null where a channel has one value everywhere: latents cannot be divided by its std of 0. */
  readonly perChannel: {
    readonly scaling_factor: number;
    readonly shift_factor: null;
    readonly latents_mean: readonly number[];
    readonly latents_std: readonly number[];
  } | null;
}

/** The digits that published configs have. */
const digits = 5;

function rounded(value: number): number {
  return Number(value.toPrecision(digits));
}

/**
 * What to paste into config.json: one of the two, as the pipeline reads either. Each names all four keys, so that none
 * of the other form stays behind.
 */
export function calibrationFields(result: CalibrationResult): CalibrationFields {
  return {
    global: {
      scaling_factor: rounded(result.scalingFactor.value),
      shift_factor: rounded(result.shiftFactor.value),
      latents_mean: null,
      latents_std: null,
    },
    perChannel:
      constantChannels(result).length > 0
        ? null
        : {
            // The channels' own std takes the place of the factor; pipelines multiply by both.
            scaling_factor: 1,
            shift_factor: null,
            latents_mean: result.latentsMean.map(({ value }) => rounded(value)),
            latents_std: result.latentsStd.map(({ value }) => rounded(value)),
          },
  };
}

/** Channels whose latents are one value everywhere. */
function constantChannels({ latentsStd }: CalibrationResult): number[] {
  return latentsStd.flatMap(({ value }, channel) => (value > 0 ? [] : [channel]));
}

function perChannelText(result: CalibrationResult): string {
  const { perChannel } = calibrationFields(result);
  if (perChannel !== null) return `or one for each channel (SDXL-type pipelines):\n${fields(perChannel)}`;
  const channels = constantChannels(result);
  const names = `channel${channels.length === 1 ? " " : "s "}${channels.join(", ")}`;
  return (
    `Not one for each channel: ${names} of the latents ${channels.length === 1 ? "has" : "have"} one value everywhere, ` +
    "and no latent can be divided by a std of 0. Measure other pictures, or the encoder leaves the channel unused."
  );
}

/**
 * The factors as a table, and both forms of the fields where the model's config.json has such keys.
 *
 * @param configText the model's config.json.
 */
export function calibrationText(model: string, result: CalibrationResult, configText: string): string {
  const rows = [
    { name: "scaling_factor", estimate: result.scalingFactor },
    { name: "shift_factor", estimate: result.shiftFactor },
    ...result.latentsMean.map((estimate, i) => ({ name: `latents_mean[${i}]`, estimate })),
    ...result.latentsStd.map((estimate, i) => ({ name: `latents_std[${i}]`, estimate })),
  ];
  const table = formatTable(
    [
      { title: "factor", align: "left", cell: ({ name }) => name },
      { title: "value", cell: ({ estimate }) => estimate.value.toPrecision(digits) },
      { title: "95 % interval", align: "left", cell: ({ estimate }) => interval(estimate) },
    ],
    rows,
  );
  const pictures = result.pictures === 1 ? "1 picture" : `${result.pictures} pictures`;
  return [
    `${model}: ${pictures}, ${formatCount(result.valuesPerChannel)} latents per channel`,
    table,
    ...(hasScalingKeys(configText) ? configTexts(result) : [withoutKeys]),
  ].join("\n\n");
}

function configTexts(result: CalibrationResult): string[] {
  const { global } = calibrationFields(result);
  return [
    `For config.json, one factor for all channels (SD, SD3, FLUX):\n${fields(global)}`,
    perChannelText(result),
  ];
}

/** A class may scale its latents in other words, or leave that to whoever uses them. */
export const hasScalingKeys = (configText: string): boolean =>
  "latents_mean" in (JSON.parse(configText) as Record<string, unknown>);

const withoutKeys =
  "This model's config.json has no keys for them: hand the numbers to whoever scales the latents.";

function interval({ interval: range }: Estimate): string {
  if (range === null) return "needs two pictures";
  return `${range[0].toPrecision(digits)} … ${range[1].toPrecision(digits)}`;
}

function fields(values: object): string {
  return Object.entries(values)
    .map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(",\n");
}
