/** Pictures: rasters, resizing, the VAE's pre- and postprocessing, metrics. Nothing here needs Node or a DOM. */
export { toGrayscale, toRgb, toRgba, type Raster, type RasterChannels } from "./raster.ts";
export {
  resampleNames,
  resizeRaster,
  type Resample,
  type ResizeOptions,
  type ResizeWindow,
  type Span,
} from "./resample.ts";
export { resizeModes, type ResizeMode } from "./resize-mode.ts";
export {
  VaeImageProcessor,
  type PreprocessOptions,
  type VaeImageProcessorOptions,
} from "./image-processor.ts";
export { saturationWarning } from "./saturation.ts";
export { meanSquaredError, psnr, ssim } from "./metrics.ts";
export {
  contactSheet,
  differencePicture,
  latentPicture,
  type ContactSheetOptions,
  type LatentPalette,
  type LatentPictureOptions,
} from "./pictures.ts";
export type { PictureSize, Sides } from "./model-input.ts";
export type { Picture } from "./picture.ts";
export type { PagePicture, PictureBlob, PictureFile, PictureSource, RgbaPixels } from "./picture-source.ts";
