/** Every export of vaekit/report takes what it promises, or refuses it with an error of vaekit. */
import { afterAll, expect, test } from "vitest";
import * as report from "../../src/node/report/index.ts";
import * as portable from "../../src/report/public.ts";
import { Tensor, VaeImageProcessor } from "../../src/core.ts";
import { describeRows, options, row, rowsNeeded, type Rows } from "../argument-rows.ts";
import { Autoencoder, runtimes } from "../small-models.ts";

const vae = Autoencoder.of(runtimes.Node!());
afterAll(() => vae.dispose());

const pixels = Tensor.zeros([1, 3, 16, 16]);
const picture = { name: "a.png", pixels, raster: new VaeImageProcessor().postprocess(pixels)[0]! };
const histogram = { low: 0, high: 1, counts: [1] };
const estimate = { value: 1, interval: null } as never;
const chart = {
  title: "",
  raw: histogram,
  normalized: histogram,
  scalingFactor: estimate,
  shiftFactor: estimate,
};
const page = { modelName: "", parameterCount: 1, configSummary: [], pictures: [] };
const curves = { title: "", loss: [{ step: 1, value: 1 }] };

const text = (call: (text: never) => string): Rows[string] => row(call, "text", "empty text");

const rows: Rows = {
  messageText: text((x) => report.messageText(x)),
  oneLine: text((x) => report.oneLine(x)),
  printable: text((x) => report.printable(x)),
  shorten: text((x) => report.shorten(x)),
  shownName: text((x) => report.shownName(x)),
  renderCalibrationChart: row((x) => report.renderCalibrationChart(x)),
  "renderCalibrationChart: raw": row((x) => report.renderCalibrationChart({ ...chart, raw: x })),
  "renderCalibrationChart: factor": row((x) => report.renderCalibrationChart({ ...chart, scalingFactor: x })),
  renderRoundtripReport: row((x) => report.renderRoundtripReport(x)),
  "renderRoundtripReport: pictures": row(
    (x) => report.renderRoundtripReport({ ...page, pictures: x }),
    "list",
  ),
  "renderRoundtripReport: facts": row(
    (x) => report.renderRoundtripReport({ ...page, configSummary: x }),
    "list",
  ),
  renderTrainingCurves: row((x) => report.renderTrainingCurves(x)),
  "renderTrainingCurves: loss": row((x) => report.renderTrainingCurves({ ...curves, loss: x }), "list"),
  measureRoundtrip: row((x) => report.measureRoundtrip(x, picture)),
  "measureRoundtrip: input": row((x) => report.measureRoundtrip(vae, x)),
  "measureRoundtrip: pixels": row((x) => report.measureRoundtrip(vae, { ...picture, pixels: x })),
  "measureRoundtrip: raster": row((x) => report.measureRoundtrip(vae, { ...picture, raster: x })),
  "measureRoundtrip: options": options((x) => report.measureRoundtrip(vae, picture, x)),
  roundtripReportPicture: row(async (x) =>
    report.roundtripReportPicture(x, await report.measureRoundtrip(vae, picture)),
  ),
  "roundtripReportPicture: result": row((x) => report.roundtripReportPicture(vae, x)),
};
describeRows(rows);

test.each(Object.entries({ portable, report }))("every export of %s has its rows", (_, exports) => {
  const needed = Object.entries(exports).flatMap(([name, value]) => rowsNeeded(name, value));
  expect(needed.length).toBeGreaterThan(7);
  expect(needed.filter((name) => !(name in rows))).toEqual([]);
});

test("a round trip gives both pictures, their latents and what was chosen", async () => {
  const stages: string[] = [];
  const result = await report.measureRoundtrip(vae, picture, { onStage: (stage) => stages.push(stage) });
  expect(stages).toEqual(["encoding", "decoding", "measuring"]);
  expect(result.latents.shape).toEqual([1, 4, 8, 8]);
  expect(result.original).toBe(picture.raster);
  expect(result.reconstruction).toMatchObject({ width: 16, height: 16, channels: 3 });
  const { psnr, ssim, plan } = result.numbers;
  expect(psnr).toBeGreaterThan(0);
  expect(ssim).toBeLessThanOrEqual(1);
  expect(plan).toMatchObject({ encoder: { half: "encoder" }, decoder: { half: "decoder" } });
  const shown = await report.roundtripReportPicture(vae, result);
  const html = report.renderRoundtripReport({ ...page, modelName: "tiny", pictures: [shown] });
  expect(html).toContain("a.png");
  expect(shown.channelHistograms).toHaveLength(4);
});
