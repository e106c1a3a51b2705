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
  readonly perChannel: {
    readonly scaling_factor: number;
    readonly shift_factor: null;
    readonly latents_mean: readonly number[];
    readonly latents_std: readonly number[];
  };
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
    perChannel: {
      // The channels' own std takes the place of the factor; pipelines multiply by both.
      scaling_factor: 1,
      shift_factor: null,
      latents_mean: result.latentsMean.map(({ value }) => rounded(value)),
      latents_std: result.latentsStd.map(({ value }) => rounded(value)),
    },
  };
}

/** The factors as a table, and both forms of the fields. */
export function calibrationText(model: string, result: CalibrationResult): string {
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
  const { global, perChannel } = calibrationFields(result);
  const pictures = result.pictures === 1 ? "1 picture" : `${result.pictures} pictures`;
  return [
    `${model}: ${pictures}, ${formatCount(result.valuesPerChannel)} latents per channel`,
    table,
    `For config.json, one factor for all channels (SD, SD3, FLUX):\n${fields(global)}`,
    `or one for each channel (SDXL-type pipelines):\n${fields(perChannel)}`,
  ].join("\n\n");
}

function interval({ interval: range }: Estimate): string {
  if (range === null) return "needs two pictures";
  return `${range[0].toPrecision(digits)} … ${range[1].toPrecision(digits)}`;
}

function fields(values: object): string {
  return Object.entries(values)
    .map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(",\n");
}
