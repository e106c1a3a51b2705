/**
 * Colours of half transparent pixels. A canvas keeps colours multiplied by alpha, and browsers round what they give back, each in its
 * way: Firefox's is one off in a third of all cases. A frame of video keeps a bitmap's samples as they are, where the browser has such frames.
 */
import type { RgbaPixels } from "../images/picture-source.ts";

/** How much of 255 a sample times its alpha may differ between a canvas and a frame: what rounding explains. */
const mostRounding = 2;

/**
 * The samples of a bitmap that was made with `premultiplyAlpha: "none"`.
 *
 * @param ofCanvas what a canvas gives of it.
 */
export async function exactSamples(bitmap: ImageBitmap, ofCanvas: RgbaPixels): Promise<RgbaPixels> {
  if (!hasPartialAlpha(ofCanvas) || typeof VideoFrame === "undefined") return ofCanvas;
  const data = await samplesOfFrame(bitmap).catch(() => undefined);
  if (data === undefined || !isSamePicture(data, ofCanvas)) return ofCanvas;
  const { width, height } = ofCanvas;
  return { width, height, data };
}

async function samplesOfFrame(bitmap: ImageBitmap): Promise<Uint8Array> {
  const frame = new VideoFrame(bitmap, { timestamp: 0 });
  try {
    const options = { format: "RGBA" } as const;
    const data = new Uint8Array(frame.allocationSize(options));
    await frame.copyTo(data, options);
    return data;
  } finally {
    frame.close();
  }
}

function hasPartialAlpha({ data }: RgbaPixels): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at]! > 0 && data[at]! < 255) return true;
  return false;
}

/** Whether a frame is of the same order and size: some browsers give another format than they are asked for. */
function isSamePicture(found: Uint8Array, { data }: RgbaPixels): boolean {
  if (found.length !== data.length) return false;
  for (let at = 0; at < data.length; at++) {
    const alpha = data[at | 3]!;
    if (found[at | 3] !== alpha) return false;
    if (Math.abs(found[at]! - data[at]!) * alpha > mostRounding * 255) return false;
  }
  return true;
}
