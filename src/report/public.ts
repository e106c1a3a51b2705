/**
 * Reports on every platform: what was measured, as a page or a picture, and texts of strangers for people. In Node,
 * `vaekit/report` adds round trips that are measured.
 *
 * @example
 * ```ts
 * import { LatentCalibrator, Generator } from "vaekit";
 * import { renderCalibrationChart } from "vaekit/report";
 *
 * const calibrator = new LatentCalibrator(4);
 * calibrator.add(Generator.torch(0).randn([8, 4, 16, 16])); // the latents of your pictures, as `encode` gives them
 * const { before: raw, after: normalized, scalingFactor, shiftFactor } = calibrator.result();
 * const svg = renderCalibrationChart({ title: "my model", raw, normalized, scalingFactor, shiftFactor });
 * console.log(svg.slice(0, 4), scalingFactor.value.toFixed(2));
 * ```
 *
 * @module vaekit/report in the browser
 */
export { renderCalibrationChart, type CalibrationChart } from "./calibration-chart.ts";
export type { HistogramData } from "./histogram.ts";
export {
  renderRoundtripReport,
  type ReportFact,
  type RoundtripNumbers,
  type RoundtripPicture,
  type RoundtripReport,
} from "./roundtrip-report.ts";
export type { Summary } from "./statistics.ts";
export { messageText, oneLine, printable, shorten, shownName } from "./text.ts";
export { renderTrainingCurves, type CurvePoint, type TrainingCurves } from "./training-curves.ts";
