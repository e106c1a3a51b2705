/** `vaekit/report` on every platform: what was measured, as a page or a picture, and texts of strangers for people. */
export { renderCalibrationChart, type CalibrationChart } from "./calibration-chart.ts";
export type { HistogramData } from "./histogram.ts";
export {
  renderRoundtripReport,
  type ReportFact,
  type RoundtripNumbers,
  type RoundtripPicture,
  type RoundtripReport,
} from "./roundtrip-report.ts";
export { messageText, oneLine, printable, shorten, shownName } from "./text.ts";
export { renderTrainingCurves, type CurvePoint, type TrainingCurves } from "./training-curves.ts";
