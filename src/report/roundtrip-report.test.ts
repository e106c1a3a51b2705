import { describe, expect, it } from "vitest";
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

  it("refuses bytes that are no PNG file", () => {
    const pictures = [{ ...picture, latents: Uint8Array.of(0xff, 0xd8) }];
    expect(() => renderRoundtripReport({ ...report, pictures })).toThrow(
      "boat.png, latent channels: expected the bytes of a PNG file, found 2 bytes without its signature.",
    );
  });
});
