/** One picture through the VAE and back, with what the options ask for and a bar that goes on. */
import type { Vae } from "../node/index.ts";
import { measureRoundtrip, type RoundtripResult } from "../node/report/index.ts";
import type { Coding } from "./coding.ts";
import { warn } from "./failure.ts";
import { sampleGenerator, type SampleOptions } from "./options.ts";
import type { PreparedPicture } from "./pictures.ts";
import type { Progress } from "./progress.ts";

/** Encodes, decodes and measures. The progress goes on by two steps. */
export function roundtripPicture(
  vae: Vae,
  picture: PreparedPicture,
  options: SampleOptions & { readonly coding: Coding },
  progress: Progress,
): Promise<RoundtripResult> {
  return measureRoundtrip(vae, picture, {
    coding: options.coding.options,
    generator: options.sample === true ? sampleGenerator(options) : undefined,
    onStage: (stage) => {
      if (stage !== "encoding") progress.advance();
      progress.task(`${picture.name}: ${stage}`);
    },
    onWarning: warn,
  });
}
