import { describe, expect, it } from "vitest";
import { outline } from "../../test/report/outline.ts";
import { renderRoundtripReport, type RoundtripPicture, type RoundtripReport } from "./index.ts";

/** A PNG file's signature; a page carries it as it is. */
const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

const hostile = `<script>alert("x")</script>&'`;

const picture: RoundtripPicture = {
  name: "boat.png",
  widthPixels: 64,
  heightPixels: 32,
  original: png,
  reconstruction: png,
  difference: png,
  differenceGain: 8,
  latents: png,
  channelHistograms: [
    { low: -2, high: 2, counts: [1, 2, 3, 4] },
    { low: -1, high: 1, counts: [5, 5] },
  ],
  normalizedHistogram: { low: -3, high: 3, counts: Uint32Array.of(1, 4, 1) },
  numbers: {
    psnrDecibels: 31.4159,
    ssim: 0.91234,
    latentMean: 0.25,
    latentStd: 1.5,
    latentMin: -4.5,
    latentMax: 5.25,
    encodeMs: 412.3,
    decodeMs: 1234.5,
    peakMemoryBytes: 3 * 2 ** 28,
  },
};

const report: RoundtripReport = {
  modelName: "models/boats",
  parameterCount: 83653863,
  configSummary: [{ name: "Latent channels", value: "4" }],
  pictures: [picture],
};

describe("renderRoundtripReport", () => {
  it("shows every number of a picture in its unit", () => {
    const page = renderRoundtripReport(report);
    const shown = [...page.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(Object.fromEntries(shown)).toEqual({
      Parameters: "83,653,863",
      "Latent channels": "4",
      PSNR: "31.42 dB",
      SSIM: "0.9123",
      "Latent mean": "0.25",
      "Latent std": "1.5",
      "Latent range": "-4.5 … 5.25",
      Encode: "412 ms",
      Decode: "1.2 s",
      "Peak memory": "768.0 MiB",
    });
  });

  it("escapes every text that comes from outside", () => {
    const page = renderRoundtripReport({
      title: hostile,
      modelName: hostile,
      parameterCount: 1,
      configSummary: [{ name: hostile, value: hostile }],
      environment: [{ name: hostile, value: hostile }],
      pictures: [{ ...picture, name: hostile }],
    });
    expect(page).not.toContain("<script");
    expect(page).not.toContain(`alert("`);
    const escaped = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;";
    // title twice (head, h1), model twice, two facts of two texts, the picture's heading and its four images.
    expect(page.split(escaped)).toHaveLength(1 + 2 + 2 + 4 + 5);
  });

  it("refers to nothing outside of itself", () => {
    const page = renderRoundtripReport(report).replaceAll(`xmlns="http://www.w3.org/2000/svg"`, "");
    expect(page).not.toMatch(/https?:|url\(|@import|<link|<script/);
    const sources = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, source]) => source);
    expect(sources).toEqual(Array<string>(4).fill("data:image/png;base64,iVBORw0KGgo="));
  });

  it("carries the bytes of a large picture unchanged", () => {
    const large = Uint8Array.from({ length: 100_001 }, (_, i) => png[i] ?? (i * 31) % 256);
    const page = renderRoundtripReport({ ...report, pictures: [{ ...picture, original: large }] });
    const base64 = /src="data:image\/png;base64,([^"]*)"/.exec(page)![1]!;
    expect(Buffer.from(base64, "base64").equals(large)).toBe(true);
  });

  it("draws one chart for each channel and one for all normalised latents", () => {
    const page = renderRoundtripReport(report);
    const labels = [...page.matchAll(/aria-label="([^"]*)"/g)].map(([, label]) => label);
    expect(labels).toEqual(["(z − shift) · scaling, beside N(0, 1)", "channel 0", "channel 1"]);
    expect(page.match(/<polyline/g)).toHaveLength(1);
  });

  it("calls equal pictures identical, and leaves out what was not measured", () => {
    const page = renderRoundtripReport({
      ...report,
      pictures: [
        {
          ...picture,
          numbers: {
            ...picture.numbers,
            psnrDecibels: Infinity,
            ssim: undefined,
            peakMemoryBytes: undefined,
          },
        },
      ],
    });
    expect(page).toContain("∞ dB (identical)");
    expect(page).not.toMatch(/SSIM|Peak memory/);
  });

  it.each([
    ["a name that is no text", { ...picture, name: 5 }],
    ["numbers that are none", { ...picture, numbers: "31 dB" }],
    ["histograms that are no list", { ...picture, channelHistograms: 5 }],
    ["nothing", null],
  ])("refuses a picture with %s", (_, wrong) => {
    expect(() => renderRoundtripReport({ ...report, pictures: [picture, wrong as never] })).toThrow(
      "renderRoundtripReport: pictures: expected a list of pictures, as roundtripReportPicture makes them",
    );
  });

  it("refuses bytes that are no PNG file", () => {
    const pictures = [{ ...picture, latents: Uint8Array.of(0xff, 0xd8) }];
    expect(() => renderRoundtripReport({ ...report, pictures })).toThrow(
      "boat.png, latent channels: expected the bytes of a PNG file, found 2 bytes without its signature.",
    );
  });
});

describe("the report of a round trip", () => {
  const histogram = { low: -2, high: 2, counts: [1, 3, 4, 0] };
  const small: RoundtripReport = {
    modelName: "models/boats",
    parameterCount: 1234,
    configSummary: [{ name: "Latent channels", value: "1" }],
    environment: [{ name: "Device", value: "cpu" }],
    pictures: [
      {
        ...picture,
        channelHistograms: [histogram],
        normalizedHistogram: histogram,
        numbers: {
          ...picture.numbers,
          psnrDecibels: 30,
          ssim: 0.5,
          encodeMs: 999.4,
          decodeMs: 1000,
          peakMemoryBytes: 1023,
        },
      },
    ],
  };

  it("has the facts, the four pictures, the numbers and the histograms", () => {
    const page = renderRoundtripReport(small);
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
      div dt : Parameters, dd : 1,234
      div dt : Latent channels, dd : 1
      div dt : Device, dd : cpu
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
      div dt : PSNR, dd : 30.00 dB
      div dt : SSIM, dd : 0.5000
      div dt : Latent mean, dd : 0.25
      div dt : Latent std, dd : 1.5
      div dt : Latent range, dd : -4.5 … 5.25
      div dt : Encode, dd : 999 ms
      div dt : Decode, dd : 1.0 s
      div dt : Peak memory, dd : 1023 bytes
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
      ticks at y=196…200, numbers at y=212: x=10 -4, x=87.5 -3, x=165 -2, x=242.5 -1, x=320 0, x=397.5 1, x=475 2, x=552.5 3, x=630 4
      h3 : Raw latents, channel by channel
      div class=histograms
      svg viewBox=0 0 240 150 width=240 height=150 role=img aria-label=channel 0 class=chart
      text x=10 y=15 class=strong : channel 0
      rect x=10 y=100.5 width=73.33 height=25.5 class=bar
      rect x=83.33 y=49.5 width=73.33 height=76.5 class=bar
      rect x=156.67 y=24 width=73.33 height=102 class=bar
      g class=axis
      line x1=10 y1=126 x2=230 y2=126
      ticks at y=126…130, numbers at y=142: x=10 -2, x=83.33 -1, x=156.67 0, x=230 1"
    `);
  });

  it("has the title that is given", () => {
    const page = renderRoundtripReport({ ...small, title: "Mine", pictures: [] });
    expect(page).toContain("<title>Mine: models/boats</title>");
    expect(page).toContain("<h1>Mine</h1>");
  });
});
