/** What names tell: files that may be pictures, pictures that vaekit made, folders of training runs. */
import { extname } from "node:path";
import sharp from "sharp";

/** Formats of drawings and pages: they have no pixels of their own. */
const drawn = new Set(["svg", "pdf"]);

/** What the installed sharp reads, asked at run time: builds of libvips differ. */
const readable: ReadonlySet<string> = new Set(
  Object.entries(
    sharp.format as unknown as Record<string, { input: { buffer: boolean; fileSuffix?: string[] } }>,
  )
    .filter(([name, { input }]) => input.buffer && !drawn.has(name))
    .flatMap(([, { input }]) => input.fileSuffix ?? []),
);

/** Pictures that other programs read; a name with one of these was meant as a picture. */
const otherFormats = new Set(
  ".bmp .dib .heic .heif .jxl .jp2 .j2k .svg .svgz .pdf .psd .ico .tga .dds .exr .hdr .dng .cr2 .cr3 .nef .arw .ppm .pgm .pbm .pnm .xcf".split(
    " ",
  ),
);

const shown = ["png", "jpg", "jpeg", "webp", "avif", "tif", "gif"].filter((name) => readable.has(`.${name}`));

/** `png, jpg, … or gif`, for messages. */
export const pictureExtensions = `${shown.slice(0, -1).join(", ")} or ${shown.at(-1) ?? ""}`;

/** Whether a name promises a picture that can be read here. */
export function isPictureName(name: string): boolean {
  return readable.has(extname(name).toLowerCase());
}

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
