/** What names tell: files that may be pictures, pictures that vaekit made, folders of training runs. */
import { extname } from "node:path";
import { sharpFor } from "./sharp-for.ts";

/** Formats of drawings and pages: they have no pixels of their own. */
const drawn = new Set(["svg", "pdf"]);

/** Names of pictures that can be read here. */
export interface ReadableNames {
  /** Whether a name promises a picture that can be read here. */
  readonly isPictureName: (name: string) => boolean;
  /** `png, jpg, … or gif`, for messages. */
  readonly extensions: string;
}

/** What the installed sharp reads, asked at run time: builds of libvips differ. @throws UNSUPPORTED without sharp. */
export async function readableNames(): Promise<ReadableNames> {
  const { format } = await sharpFor("pictures");
  const formats = format as unknown as Record<string, { input: { buffer: boolean; fileSuffix?: string[] } }>;
  const readable: ReadonlySet<string> = new Set(
    Object.entries(formats)
      .filter(([name, { input }]) => input.buffer && !drawn.has(name))
      .flatMap(([, { input }]) => input.fileSuffix ?? []),
  );
  const shown = ["png", "jpg", "jpeg", "webp", "avif", "tif", "gif"].filter((name) =>
    readable.has(`.${name}`),
  );
  return {
    isPictureName: (name) => readable.has(extname(name).toLowerCase()),
    extensions: `${shown.slice(0, -1).join(", ")} or ${shown.at(-1) ?? ""}`,
  };
}

/** Pictures that other programs read; a name with one of these was meant as a picture. */
const otherFormats = new Set(
  ".bmp .dib .heic .heif .jxl .jp2 .j2k .svg .svgz .pdf .psd .ico .tga .dds .exr .hdr .dng .cr2 .cr3 .nef .arw .ppm .pgm .pbm .pnm .xcf".split(
    " ",
  ),
);

/** Whether a name promises a picture of a format that cannot be read here. */
export function isOtherFormat(name: string): boolean {
  return otherFormats.has(extname(name).toLowerCase());
}

/** The names that `vaekit roundtrip` and the sheets of a training run have. */
export function isOutputName(name: string): boolean {
  return (
    /\.reconstruction\.png$/i.test(name) ||
    /^step-\d+-(?:reconstructions|prior|interpolation)\.png$/i.test(name)
  );
}

/** Whether a folder is that of a training run, by the names in it: its recipe, and something that a run writes. */
export function isRunFolder(names: readonly string[]): boolean {
  const others = ["log.jsonl", "timing.jsonl", "checkpoints", "train.lock"];
  return names.includes("recipe.json") && others.some((name) => names.includes(name));
}
