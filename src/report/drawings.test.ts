/** What the charts draw, element by element: every place, size, class and text, and nothing but the style left out. */
import { describe, expect, it } from "vitest";
import {
  renderBenchChart,
  renderCalibrationChart,
  renderGrowthChart,
  renderRoundtripReport,
  renderTrainingCurves,
  type BenchChart,
  type RoundtripReport,
} from "./index.ts";

/** One line for each element: its name, its attributes and its text. */
function outline(markup: string): string {
  const drawn = markup
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/ xmlns="[^"]*"/g, "")
    .replace(/base64,[^"]*/g, "base64,…");
  const elements = [...drawn.matchAll(/<([a-z][\w]*)((?: [\w-]+="[^"]*")*)>([^<]*)/g)];
  return elements
    .map(([, name, attributes, text]) => {
      const shown = [...attributes!.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(
        ([, key, value]) => `${key!}=${shortened(value!)}`,
      );
      return [name, ...shown, text!.trim() === "" ? "" : `: ${text!.trim()}`].join(" ").trimEnd();
    })
    .join("\n");
}

/** Of long curves the first, the middle and the last point. */
function shortened(value: string): string {
  const points = value.split(" ");
  if (points.length < 20 || !value.includes(",")) return value;
  return `${points[0]!} … ${points[Math.floor(points.length / 2)]!} … ${points.at(-1)!} (${points.length})`;
}

const histogram = { low: -2, high: 2, counts: [1, 3, 4, 0] };
const estimate = { value: 0.5, interval: [0.4, 0.6] } as const;

describe("a calibration's chart", () => {
  it("has both histograms, the normal curve, the axis and the legend", () => {
    expect(
      outline(
        renderCalibrationChart({
          title: "boats",
          raw: { low: -8, high: 8, counts: [1, 3] },
          normalized: histogram,
          scalingFactor: estimate,
          shiftFactor: { value: 0.25, interval: null },
          confidence: 0.9,
          pictureCount: 1,
        }),
      ),
    ).toMatchInlineSnapshot(`
      "svg viewBox=0 0 760 380 width=760 height=380 role=img aria-label=boats: latents before and after scaling, beside the standard normal distribution class=chart
      rect width=760 height=380 class=paper
      text x=24 y=28 class=strong : boats, 1 picture
      rect x=24 y=317 width=356 height=15 class=bar-raw
      rect x=380 y=287 width=356 height=45 class=bar-raw
      rect x=291 y=272 width=44.5 height=60 class=bar
      rect x=335.5 y=152 width=44.5 height=180 class=bar
      rect x=380 y=92 width=44.5 height=240 class=bar
      polyline points=24.00,332.00 … 380.00,140.51 … 736.00,332.00 (121) class=curve
      g class=axis
      line x1=24 y1=332 x2=736 y2=332
      line x1=24 y1=332 x2=24 y2=336
      text x=24 y=348 text-anchor=middle : -8
      line x1=113 y1=332 x2=113 y2=336
      text x=113 y=348 text-anchor=middle : -6
      line x1=202 y1=332 x2=202 y2=336
      text x=202 y=348 text-anchor=middle : -4
      line x1=291 y1=332 x2=291 y2=336
      text x=291 y=348 text-anchor=middle : -2
      line x1=380 y1=332 x2=380 y2=336
      text x=380 y=348 text-anchor=middle : 0
      line x1=469 y1=332 x2=469 y2=336
      text x=469 y=348 text-anchor=middle : 2
      line x1=558 y1=332 x2=558 y2=336
      text x=558 y=348 text-anchor=middle : 4
      line x1=647 y1=332 x2=647 y2=336
      text x=647 y=348 text-anchor=middle : 6
      line x1=736 y1=332 x2=736 y2=336
      text x=736 y=348 text-anchor=middle : 8
      g
      rect x=24 y=40 width=14 height=10 class=bar-raw
      text x=44 y=50 : before: z
      g
      rect x=24 y=60 width=14 height=10 class=bar
      text x=44 y=70 : after: (z − shift) · scaling
      line x1=254 y1=46 x2=268 y2=46 class=curve
      text x=274 y=50 : N(0, 1)
      text x=344 y=50 : scaling_factor 0.5 [0.4, 0.6] (90 % interval)
      text x=344 y=70 : shift_factor 0.25"
    `);
  });

  it("shows at least -4 to 4, and the title alone where nobody counted pictures", () => {
    const lines = outline(
      renderCalibrationChart({
        title: "boats",
        raw: histogram,
        normalized: histogram,
        scalingFactor: estimate,
        shiftFactor: estimate,
      }),
    ).split("\n");
    expect(lines.filter((line) => line.includes("text-anchor")).map((line) => line.split(": ")[1])).toEqual([
      "-4",
      "-3",
      "-2",
      "-1",
      "0",
      "1",
      "2",
      "3",
      "4",
    ]);
    expect(lines).toContain("text x=24 y=28 class=strong : boats");
    expect(lines.filter((line) => line.includes("(95 % interval)"))).toHaveLength(2);
  });
});

describe("the curves of a training run", () => {
  const points = (values: number[]): { step: number; value: number }[] =>
    values.map((value, i) => ({ step: 100 * i, value }));

  it("are the loss, on a logarithmic axis, and the validation's two", () => {
    expect(
      outline(
        renderTrainingCurves({
          title: "a run",
          loss: points([1, 0.1, 0.01]),
          validation: { label: "PSNR", raw: points([20, 30]), average: points([21, 29]) },
        }),
      ),
    ).toMatchInlineSnapshot(`
      "svg viewBox=0 0 760 360 width=760 height=360 role=img aria-label=a run: training loss and validation by step class=chart
      rect width=760 height=360 class=paper
      text x=48 y=32 class=strong : a run
      g
      text x=48 y=68 class=strong : training loss
      g class=axis
      line x1=48 y1=304 x2=356 y2=304
      line x1=48 y1=304 x2=48 y2=308
      text x=48 y=320 text-anchor=middle : 0
      line x1=125 y1=304 x2=125 y2=308
      text x=125 y=320 text-anchor=middle : 50
      line x1=202 y1=304 x2=202 y2=308
      text x=202 y=320 text-anchor=middle : 100
      line x1=279 y1=304 x2=279 y2=308
      text x=279 y=320 text-anchor=middle : 150
      line x1=356 y1=304 x2=356 y2=308
      text x=356 y=320 text-anchor=middle : 200
      g class=axis
      line x1=48 y1=84 x2=48 y2=304
      line x1=44 y1=304 x2=48 y2=304
      text x=41 y=308 text-anchor=end : 0.010
      line x1=44 y1=249 x2=48 y2=249
      text x=41 y=253 text-anchor=end : 0.032
      line x1=44 y1=194 x2=48 y2=194
      text x=41 y=198 text-anchor=end : 0.10
      line x1=44 y1=139 x2=48 y2=139
      text x=41 y=143 text-anchor=end : 0.32
      line x1=44 y1=84 x2=48 y2=84
      text x=41 y=88 text-anchor=end : 1.0
      polyline points=48.00,84.00 202.00,194.00 356.00,304.00 class=curve
      g
      text x=404 y=68 class=strong : PSNR
      g class=axis
      line x1=404 y1=304 x2=712 y2=304
      line x1=404 y1=304 x2=404 y2=308
      text x=404 y=320 text-anchor=middle : 0
      line x1=558 y1=304 x2=558 y2=308
      text x=558 y=320 text-anchor=middle : 50
      line x1=712 y1=304 x2=712 y2=308
      text x=712 y=320 text-anchor=middle : 100
      g class=axis
      line x1=404 y1=84 x2=404 y2=304
      line x1=400 y1=304 x2=404 y2=304
      text x=397 y=308 text-anchor=end : 20
      line x1=400 y1=260 x2=404 y2=260
      text x=397 y=264 text-anchor=end : 22
      line x1=400 y1=216 x2=404 y2=216
      text x=397 y=220 text-anchor=end : 24
      line x1=400 y1=172 x2=404 y2=172
      text x=397 y=176 text-anchor=end : 26
      line x1=400 y1=128 x2=404 y2=128
      text x=397 y=132 text-anchor=end : 28
      line x1=400 y1=84 x2=404 y2=84
      text x=397 y=88 text-anchor=end : 30
      polyline points=404.00,304.00 712.00,84.00 class=curve raw
      polyline points=404.00,282.00 712.00,106.00 class=curve"
    `);
  });

  it("are on a plain axis where a loss is not above 0, and leave out what is not finite", () => {
    const lines = outline(renderTrainingCurves({ title: "a run", loss: points([0, 5, NaN, 10]) })).split(
      "\n",
    );
    const ofAxis = lines
      .filter((line) => line.includes("text-anchor=end"))
      .map((line) => line.split(": ")[1]);
    expect(ofAxis).toEqual(["0", "2", "4", "6", "8", "10"]);
    expect(lines.at(-1)).toBe("polyline points=48.00,304.00 150.67,194.00 356.00,84.00 class=curve");
  });

  it("leave out the validation where it has no point", () => {
    const validation = { label: "PSNR", raw: [], average: [] };
    expect(outline(renderTrainingCurves({ title: "a run", loss: points([1]), validation }))).not.toContain(
      "PSNR",
    );
    const notFinite = { label: "PSNR", raw: points([NaN]), average: [] };
    expect(
      outline(renderTrainingCurves({ title: "a run", loss: points([1]), validation: notFinite })),
    ).toContain(": PSNR: none");
  });

  it("of many points are means of neighbours, steps and values", () => {
    const long = points(Array.from({ length: 401 }, (_, i) => (i % 3) + 1));
    const [, curve] = /<polyline points="([^"]*)"/.exec(
      renderTrainingCurves({ title: "a run", loss: long }),
    )!;
    expect(curve!.split(" ")).toHaveLength(134);
    // Each group of three has the mean 2, and its middle step; the last has two points.
    const heights = new Set(curve!.split(" ").map((point) => point.split(",")[1]));
    expect(heights.size).toBe(2);
  });
});

const bench: BenchChart = {
  cases: [
    {
      half: "decode",
      side: 512,
      results: [
        { label: "vaekit, exact", median: 4000, peakBytes: 1e9, versusDiffusers: 0.4 },
        { label: "diffusers", median: 10_000, peakBytes: 2e9 },
        { label: "broken", median: 5 },
      ],
    },
    { half: "encode", side: 512, results: [{ label: "broken" }] },
    { half: "encode", side: 256, results: [{ label: "vaekit, exact", median: 900, peakBytes: 5e8 }] },
    { half: "decode", side: 256, results: [{ label: "vaekit, exact", median: 99_950, peakBytes: 5e8 }] },
  ],
  note: ["a machine", "a version"],
};

describe("the bench's charts", () => {
  it("have a group of bars for each case that was measured", () => {
    expect(outline(renderBenchChart(bench))).toMatchInlineSnapshot(`
      "svg viewBox=0 0 760 284 width=760 height=284 role=img aria-label=median time and peak memory of each mode class=chart
      rect width=760 height=284 class=paper
      text x=24 y=32 class=strong : decode 512 × 512
      text x=214 y=32 : median time (diffusers fp32 = 1)
      text x=560 y=32 : peak memory
      text x=24 y=54 class=strong : vaekit, exact
      rect x=214 y=44 width=86.4 height=13 class=bar own
      text x=306.4 y=54 : 4.00 s (0.40)
      rect x=560 y=44 width=60 height=13 class=bar-raw own
      text x=626 y=54 : 1.00 GB
      text x=24 y=74 : diffusers
      rect x=214 y=64 width=216 height=13 class=bar
      text x=436 y=74 : 10.0 s
      rect x=560 y=64 width=120 height=13 class=bar-raw
      text x=686 y=74 : 2.00 GB
      text x=24 y=112 class=strong : encode 256 × 256
      text x=214 y=112 : median time
      text x=560 y=112 : peak memory
      text x=24 y=134 class=strong : vaekit, exact
      rect x=214 y=124 width=216 height=13 class=bar own
      text x=436 y=134 : 0.900 s
      rect x=560 y=124 width=120 height=13 class=bar-raw own
      text x=686 y=134 : 0.50 GB
      text x=24 y=172 class=strong : decode 256 × 256
      text x=214 y=172 : median time
      text x=560 y=172 : peak memory
      text x=24 y=194 class=strong : vaekit, exact
      rect x=214 y=184 width=216 height=13 class=bar own
      text x=436 y=194 : 100.0 s
      rect x=560 y=184 width=120 height=13 class=bar-raw own
      text x=686 y=194 : 0.50 GB
      text x=24 y=242 : a machine
      text x=24 y=260 : a version"
    `);
  });

  it("have a curve for each mode and half, over the sides", () => {
    expect(outline(renderGrowthChart(bench))).toMatchInlineSnapshot(`
      "svg viewBox=0 0 760 462 width=760 height=462 role=img aria-label=time and peak memory by picture size class=chart
      rect width=760 height=462 class=paper
      g
      text x=64 y=36 class=strong : median time
      g class=axis
      line x1=64 y1=300 x2=368 y2=300
      line x1=64 y1=60 x2=64 y2=300
      line x1=64 y1=300 x2=64 y2=304
      text x=64 y=316 text-anchor=middle : 256 px
      line x1=368 y1=300 x2=368 y2=304
      text x=368 y=316 text-anchor=middle : 512 px
      line x1=60 y1=300 x2=64 y2=300
      text x=57 y=304 text-anchor=end : 0.500 s
      line x1=60 y1=268.6 x2=64 y2=268.6
      text x=57 y=272.6 text-anchor=end : 1.00 s
      line x1=60 y1=237.2 x2=64 y2=237.2
      text x=57 y=241.2 text-anchor=end : 2.00 s
      line x1=60 y1=195.7 x2=64 y2=195.7
      text x=57 y=199.7 text-anchor=end : 5.00 s
      line x1=60 y1=164.3 x2=64 y2=164.3
      text x=57 y=168.3 text-anchor=end : 10.0 s
      line x1=60 y1=132.9 x2=64 y2=132.9
      text x=57 y=136.9 text-anchor=end : 20.0 s
      line x1=60 y1=91.4 x2=64 y2=91.4
      text x=57 y=95.4 text-anchor=end : 50.0 s
      line x1=60 y1=60 x2=64 y2=60
      text x=57 y=64 text-anchor=end : 100 s
      polyline points=64.00,60.02 368.00,205.81 class=line line0 decode
      polyline points=368.00,164.30 class=line line1 decode
      polyline points=64.00,273.37 class=line line0 encode
      g
      text x=432 y=36 class=strong : peak memory
      g class=axis
      line x1=432 y1=300 x2=736 y2=300
      line x1=432 y1=60 x2=432 y2=300
      line x1=432 y1=300 x2=432 y2=304
      text x=432 y=316 text-anchor=middle : 256 px
      line x1=736 y1=300 x2=736 y2=304
      text x=736 y=316 text-anchor=middle : 512 px
      line x1=428 y1=300 x2=432 y2=300
      text x=425 y=304 text-anchor=end : 0.50 GB
      line x1=428 y1=180 x2=432 y2=180
      text x=425 y=184 text-anchor=end : 1.00 GB
      line x1=428 y1=60 x2=432 y2=60
      text x=425 y=64 text-anchor=end : 2.00 GB
      polyline points=432.00,300.00 736.00,180.00 class=line line0 decode
      polyline points=736.00,60.00 class=line line1 decode
      polyline points=432.00,300.00 class=line line0 encode
      polyline points=24.00,344.00 52.00,344.00 class=line line0 decode
      text x=60 y=348 : decode: vaekit, exact
      polyline points=24.00,362.00 52.00,362.00 class=line line1 decode
      text x=60 y=366 : decode: diffusers
      polyline points=24.00,380.00 52.00,380.00 class=line line0 encode
      text x=60 y=384 : encode: vaekit, exact
      text x=24 y=420 : a machine
      text x=24 y=438 : a version"
    `);
  });

  it("have powers of ten alone on the axis where the numbers are far apart", () => {
    const cases = [1, 1024].map((side) => ({
      half: "decode",
      side,
      results: [{ label: "vaekit", median: side ** 2, peakBytes: 1e6 }],
    }));
    const lines = outline(renderGrowthChart({ cases, note: [] })).split("\n");
    expect(
      lines.filter((line) => line.includes("text-anchor=end")).map((line) => line.split(": ")[1]),
    ).toEqual([
      "0.001 s",
      "0.010 s",
      "0.100 s",
      "1.00 s",
      "10.0 s",
      "100 s",
      "1000 s",
      "10000 s",
      "0.00 GB",
      "0.00 GB",
    ]);
  });
});

describe("the report of a round trip", () => {
  const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const report: RoundtripReport = {
    modelName: "models/boats",
    parameterCount: 1234,
    configSummary: [{ name: "Latent channels", value: "1" }],
    environment: [{ name: "Device", value: "cpu" }],
    pictures: [
      {
        name: "boat.png",
        widthPixels: 64,
        heightPixels: 32,
        original: png,
        reconstruction: png,
        difference: png,
        differenceGain: 8,
        latents: png,
        channelHistograms: [histogram],
        normalizedHistogram: histogram,
        numbers: {
          psnrDecibels: 30,
          ssim: 0.5,
          latentMean: 0.25,
          latentStd: 1.5,
          latentMin: -4.5,
          latentMax: 5.25,
          encodeMs: 999.4,
          decodeMs: 1000,
          peakMemoryBytes: 1023,
        },
      },
    ],
  };

  it("has the facts, the four pictures, the numbers and the histograms", () => {
    const page = renderRoundtripReport(report);
    expect(page.startsWith("<!doctype html>\n<html")).toBe(true);
    expect(page.endsWith("</html>\n")).toBe(true);
    expect(outline(page)).toMatchInlineSnapshot(`
      "html lang=en
      head
      meta charset=utf-8
      meta name=viewport content=width=device-width, initial-scale=1
      title : VAE round trip: models/boats
      body
      h1 : VAE round trip
      p class=faint : models/boats
      dl
      div
      dt : Parameters
      dd : 1,234
      div
      dt : Latent channels
      dd : 1
      div
      dt : Device
      dd : cpu
      section
      h2 : boat.png (64 × 32)
      div class=pictures
      figure
      img src=data:image/png;base64,… alt=boat.png: original
      figcaption : original
      figure
      img src=data:image/png;base64,… alt=boat.png: reconstruction
      figcaption : reconstruction
      figure
      img src=data:image/png;base64,… alt=boat.png: difference × 8
      figcaption : difference × 8
      figure
      img src=data:image/png;base64,… alt=boat.png: latent channels class=latents
      figcaption : latent channels
      dl
      div
      dt : PSNR
      dd : 30.00 dB
      div
      dt : SSIM
      dd : 0.5000
      div
      dt : Latent mean
      dd : 0.25
      div
      dt : Latent std
      dd : 1.5
      div
      dt : Latent range
      dd : -4.5 … 5.25
      div
      dt : Encode
      dd : 999 ms
      div
      dt : Decode
      dd : 1.0 s
      div
      dt : Peak memory
      dd : 1023 bytes
      h3 : Latents as a diffusion model sees them
      div class=wide
      svg viewBox=0 0 640 220 width=640 height=220 role=img aria-label=(z − shift) · scaling, beside N(0, 1) class=chart
      text x=10 y=15 class=strong : (z − shift) · scaling, beside N(0, 1)
      rect x=165 y=153 width=77.5 height=43 class=bar
      rect x=242.5 y=67 width=77.5 height=129 class=bar
      rect x=320 y=24 width=77.5 height=172 class=bar
      polyline points=10.00,195.95 … 320.00,58.76 … 630.00,195.95 (121) class=curve
      g class=axis
      line x1=10 y1=196 x2=630 y2=196
      line x1=10 y1=196 x2=10 y2=200
      text x=10 y=212 text-anchor=middle : -4
      line x1=87.5 y1=196 x2=87.5 y2=200
      text x=87.5 y=212 text-anchor=middle : -3
      line x1=165 y1=196 x2=165 y2=200
      text x=165 y=212 text-anchor=middle : -2
      line x1=242.5 y1=196 x2=242.5 y2=200
      text x=242.5 y=212 text-anchor=middle : -1
      line x1=320 y1=196 x2=320 y2=200
      text x=320 y=212 text-anchor=middle : 0
      line x1=397.5 y1=196 x2=397.5 y2=200
      text x=397.5 y=212 text-anchor=middle : 1
      line x1=475 y1=196 x2=475 y2=200
      text x=475 y=212 text-anchor=middle : 2
      line x1=552.5 y1=196 x2=552.5 y2=200
      text x=552.5 y=212 text-anchor=middle : 3
      line x1=630 y1=196 x2=630 y2=200
      text x=630 y=212 text-anchor=middle : 4
      h3 : Raw latents, channel by channel
      div class=histograms
      svg viewBox=0 0 240 150 width=240 height=150 role=img aria-label=channel 0 class=chart
      text x=10 y=15 class=strong : channel 0
      rect x=10 y=100.5 width=73.33 height=25.5 class=bar
      rect x=83.33 y=49.5 width=73.33 height=76.5 class=bar
      rect x=156.67 y=24 width=73.33 height=102 class=bar
      g class=axis
      line x1=10 y1=126 x2=230 y2=126
      line x1=10 y1=126 x2=10 y2=130
      text x=10 y=142 text-anchor=middle : -2
      line x1=83.33 y1=126 x2=83.33 y2=130
      text x=83.33 y=142 text-anchor=middle : -1
      line x1=156.67 y1=126 x2=156.67 y2=130
      text x=156.67 y=142 text-anchor=middle : 0
      line x1=230 y1=126 x2=230 y2=130
      text x=230 y=142 text-anchor=middle : 1"
    `);
  });

  it("has the title that is given", () => {
    const page = renderRoundtripReport({ ...report, title: "Mine", pictures: [] });
    expect(page).toContain("<title>Mine: models/boats</title>");
    expect(page).toContain("<h1>Mine</h1>");
  });
});
