/** Reports: what was measured, as a page or a picture. */
export { renderBenchChart, renderGrowthChart } from "./bench-chart.ts";
export type { BenchCase, BenchChart, BenchResult } from "./bench-chart.ts";
export { renderCalibrationChart } from "./calibration-chart.ts";
export type { CalibrationChart } from "./calibration-chart.ts";
export type { HistogramData } from "./histogram.ts";
export { renderRoundtripReport } from "./roundtrip-report.ts";
export type { ReportFact, RoundtripNumbers, RoundtripPicture, RoundtripReport } from "./roundtrip-report.ts";
export { renderTrainingCurves } from "./training-curves.ts";
export type { CurvePoint, TrainingCurves } from "./training-curves.ts";
