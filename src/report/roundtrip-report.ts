/** The report of `vaekit roundtrip`: one page that shows what a VAE keeps of each picture, and what its latents are. */
import { optionKinds, type OptionKinds } from "../util/check-options.ts";
import { checkData, dataKinds, listOf } from "./check-data.ts";
import { pngDataUri } from "./data-uri.ts";
import { formatBytes, formatCount, formatDecibels, formatDuration, formatValue } from "./format.ts";
import { histogramChart, type HistogramData } from "./histogram.ts";
import { element, trusted, voidElement, type Markup } from "./markup.ts";
import { pageStyle } from "./page-style.ts";

/** A name and a value for the report to show, already in words. */
export interface ReportFact {
  /** What the value is of. */
  readonly name: string;
  /** The value as it is shown. */
  readonly value: string;
}

/** What was measured on one picture. */
export interface RoundtripNumbers {
  /** Peak signal-to-noise ratio of the 8-bit pictures in decibels; Infinity when they are equal. */
  readonly psnrDecibels: number;
  /** Structural similarity, 1 for equal pictures; absent for pictures below its window of 11 x 11 pixels. */
  readonly ssim?: number;
  /** Of the raw latents, before shift and scaling. */
  readonly latentMean: number;
  /** The population standard deviation of the raw latents. */
  readonly latentStd: number;
  /** The least of the raw latents. */
  readonly latentMin: number;
  /** The greatest of the raw latents. */
  readonly latentMax: number;
  /** How long encoding took. */
  readonly encodeMs: number;
  /** How long decoding took. */
  readonly decodeMs: number;
  /** The most memory that the process held until the picture was done. */
  readonly peakMemoryBytes?: number;
}

/** One picture and what became of it. The pictures are PNG files, as bytes. */
export interface RoundtripPicture {
  /** Stands above the picture. */
  readonly name: string;
  /** Width of the picture as the model saw it. */
  readonly widthPixels: number;
  /** Height of the picture as the model saw it. */
  readonly heightPixels: number;
  /** The picture as the model saw it. */
  readonly original: Uint8Array;
  /** What the model made of it. */
  readonly reconstruction: Uint8Array;
  /** |reconstruction - original|, times `differenceGain`. */
  readonly difference: Uint8Array;
  /** By how much `difference` is amplified, for the caption. */
  readonly differenceGain: number;
  /** All latent channels in one picture. */
  readonly latents: Uint8Array;
  /** Of the raw latents, channel by channel. */
  readonly channelHistograms: readonly HistogramData[];
  /** Of all latents together, after shift and scaling: what a diffusion model sees. */
  readonly normalizedHistogram: HistogramData;
  /** What was measured. */
  readonly numbers: RoundtripNumbers;
}

/** What {@link renderRoundtripReport} shows. */
export interface RoundtripReport {
  /** @defaultValue "VAE round trip" */
  readonly title?: string;
  /** A folder, a file or a hub id. */
  readonly modelName: string;
  /** The number of scalars in the weights. */
  readonly parameterCount: number;
  /** The config's values that matter to a reader: latent channels, spatial factor, scaling factor. */
  readonly configSummary: readonly ReportFact[];
  /** Where it ran: runtime, device, version. */
  readonly environment?: readonly ReportFact[];
  /** In the order in which they are shown. */
  readonly pictures: readonly RoundtripPicture[];
}

const reportKinds: OptionKinds<RoundtripReport> = {
  title: optionKinds.text,
  modelName: optionKinds.text,
  parameterCount: optionKinds.finiteNumber,
  configSummary: dataKinds.facts,
  environment: dataKinds.facts,
  pictures: listOf(
    "a list of pictures, as roundtripReportPicture makes them",
    ({ name, numbers, channelHistograms }) =>
      typeof name === "string" && typeof numbers === "object" && Array.isArray(channelHistograms),
  ),
};

/**
 * Renders the report as one HTML page that needs nothing else: pictures, charts and style are inside it.
 * Every text is escaped.
 *
 * @throws INVALID_ARGUMENT when a picture is no PNG file, or a histogram has no bins or no range.
 */
export function renderRoundtripReport(data: RoundtripReport): string {
  const needed = ["modelName", "parameterCount", "configSummary", "pictures"] as const;
  checkData("renderRoundtripReport", data, reportKinds, needed);
  const title = data.title ?? "VAE round trip";
  const facts = [
    { name: "Parameters", value: formatCount(data.parameterCount) },
    ...data.configSummary,
    ...(data.environment ?? []),
  ];
  const page = element(
    "html",
    { lang: "en" },
    element(
      "head",
      {},
      voidElement("meta", { charset: "utf-8" }),
      voidElement("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      element("title", {}, `${title}: ${data.modelName}`),
      element("style", {}, trusted(pageStyle)),
    ),
    element(
      "body",
      {},
      element("h1", {}, title),
      element("p", { class: "faint" }, data.modelName),
      factList(facts),
      data.pictures.map(pictureSection),
    ),
  );
  return `<!doctype html>\n${page.markup}\n`;
}

function factList(facts: readonly ReportFact[]): Markup {
  const items = facts.map(({ name, value }) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value)),
  );
  return element("dl", {}, items);
}

function pictureSection(picture: RoundtripPicture): Markup {
  const { name, widthPixels, heightPixels, differenceGain } = picture;
  const figure = (png: Uint8Array, caption: string, className?: string): Markup =>
    element(
      "figure",
      {},
      voidElement("img", {
        src: pngDataUri(png, `${name}, ${caption}`),
        alt: `${name}: ${caption}`,
        class: className,
      }),
      element("figcaption", {}, caption),
    );
  return element(
    "section",
    {},
    element("h2", {}, `${name} (${widthPixels} × ${heightPixels})`),
    element(
      "div",
      { class: "pictures" },
      figure(picture.original, "original"),
      figure(picture.reconstruction, "reconstruction"),
      figure(picture.difference, `difference × ${formatValue(differenceGain)}`),
      figure(picture.latents, "latent channels", "latents"),
    ),
    factList(numberFacts(picture.numbers)),
    ...distributions(picture),
  );
}

function numberFacts(numbers: RoundtripNumbers): ReportFact[] {
  const { ssim, peakMemoryBytes } = numbers;
  return [
    { name: "PSNR", value: formatDecibels(numbers.psnrDecibels) },
    ...(ssim === undefined ? [] : [{ name: "SSIM", value: ssim.toFixed(4) }]),
    { name: "Latent mean", value: formatValue(numbers.latentMean) },
    { name: "Latent std", value: formatValue(numbers.latentStd) },
    {
      name: "Latent range",
      value: `${formatValue(numbers.latentMin)} … ${formatValue(numbers.latentMax)}`,
    },
    { name: "Encode", value: formatDuration(numbers.encodeMs) },
    { name: "Decode", value: formatDuration(numbers.decodeMs) },
    ...(peakMemoryBytes === undefined ? [] : [{ name: "Peak memory", value: formatBytes(peakMemoryBytes) }]),
  ];
}

function distributions({ normalizedHistogram, channelHistograms }: RoundtripPicture): Markup[] {
  return [
    element("h3", {}, "Latents as a diffusion model sees them"),
    element(
      "div",
      { class: "wide" },
      histogramChart(normalizedHistogram, {
        title: "(z − shift) · scaling, beside N(0, 1)",
        widthPixels: 640,
        heightPixels: 220,
        showNormal: true,
      }),
    ),
    element("h3", {}, "Raw latents, channel by channel"),
    element(
      "div",
      { class: "histograms" },
      channelHistograms.map((histogram, channel) =>
        histogramChart(histogram, { title: `channel ${channel}` }),
      ),
    ),
  ];
}
