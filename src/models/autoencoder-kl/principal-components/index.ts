/**
 * A start for an AutoencoderKL that is far better than noise: the whole model is linear and fitted to pictures. The
 * residual branches end in zeros, so training adds to the linear model what it cannot do.
 */
import { VaekitError } from "../../../errors.ts";
import { spatialFactor, type AutoencoderKLConfig } from "../config.ts";
import type { BaseGenerator } from "../../../random/base-generator.ts";
import { formatShape } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { cropToMultiple } from "./feature-maps.ts";
import { writeLinearDecoder } from "./linear-decoder.ts";
import { writeLinearEncoder } from "./linear-encoder.ts";
import { identityRows, ParameterEditor } from "./parameter-editor.ts";
import { plainPlacement } from "./placement.ts";

/**
 * Makes the encoder the code of principal components of blocks of pixels (each latent of mean square 1 over the
 * pictures) and the decoder the best linear one for it, level by level. Channels that neither needs keep what they
 * were drawn with; every residual block's `conv2` and every attention's `to_out.0` is zero; quant convolutions pass on
 * what they get.
 *
 * @param parameters as `initializeParameters` draws them; they are left as they are.
 * @param pictures [N, C, H, W] in [-1, 1], of the data to train on; sides of 128 and N of 32 or more fit well.
 * @param generator chooses the positions that the fits look at.
 * @returns all parameters, in the order of `parameters`.
 * @throws UNSUPPORTED when the config has one level, other channels out than in, or too few channels in a level.
 * @throws INVALID_ARGUMENT when the pictures do not fit the config.
 */
export function initializeFromPrincipalComponents(
  config: AutoencoderKLConfig,
  parameters: ReadonlyMap<string, Tensor<"float32">>,
  pictures: Tensor,
  generator: BaseGenerator,
): Map<string, Tensor<"float32">> {
  checkConfig(config);
  checkPictures(pictures, config);
  const editor = new ParameterEditor(parameters);
  for (const name of parameters.keys()) {
    if (/\.(conv2|to_out\.0)\.weight$/.test(name)) editor.clear(name.replace(/\.weight$/, ""));
  }
  const codes = writeLinearEncoder(
    editor,
    config,
    cropToMultiple(pictures, spatialFactor(config)),
    generator,
  );
  writeLinearDecoder(editor, config, codes, generator);
  const { latentChannels } = config;
  for (const [name, count] of [
    ["quant_conv", 2 * latentChannels],
    ["post_quant_conv", latentChannels],
  ] as const) {
    if (editor.has(name)) editor.writeSignals(name, identityRows(count, 1), plainPlacement(count));
  }
  return editor.parameters;
}

function checkConfig({ blockOutChannels, inChannels, outChannels }: AutoencoderKLConfig): void {
  const fail = (message: string): never => {
    throw new VaekitError(
      "UNSUPPORTED",
      `principal components: ${message} Choose another initialization for this model.`,
    );
  };
  if (blockOutChannels.length < 2) {
    fail("expected at least two block_out_channels, as the code is one of blocks of pixels, found one.");
  }
  if (inChannels !== outChannels) {
    fail(`expected as many out_channels as in_channels, found ${outChannels} and ${inChannels}.`);
  }
}

function checkPictures({ shape }: Tensor, config: AutoencoderKLConfig): void {
  const side = spatialFactor(config);
  const [count = 0, channels, height = 0, width = 0] = shape;
  const fits = channels === config.inChannels && count > 0 && height >= side && width >= side;
  if (shape.length === 4 && fits) return;
  const expected = `[N, ${config.inChannels}, H, W] with sides of at least ${side}`;
  const message = `principal components: expected pictures ${expected}, found ${formatShape(shape)}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
