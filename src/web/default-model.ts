/** The built-in model in the browser: its weights are an asset beside the code, which bundlers emit; its config is here. */
import { VaekitError } from "../errors.ts";
import { bytesInMemory, type ByteSource } from "../tensor/byte-source.ts";
import { parseSafetensors } from "../weights/index.ts";
import type { FileFetcher } from "./file-fetcher.ts";
import { openUrl } from "./files-at-url.ts";
import type { FoundFolder } from "./found-model.ts";
import { absoluteUrl } from "./model-url.ts";

const weightsName = "diffusion_pytorch_model.safetensors";

/** In one expression of literals, by which bundlers know the file. */
const weightsUrl = (): URL =>
  new URL("../../assets/default-vae/diffusion_pytorch_model.safetensors", import.meta.url);

/** @throws NOT_FOUND, INVALID_FILE where a bundler left the file behind; UNSUPPORTED in a page of a file; IO, ABORTED */
export function defaultModel(fetcher: FileFetcher): FoundFolder {
  const open = (file: string): Promise<ByteSource> =>
    file === "config.json" ? Promise.resolve(configSource()) : openWeights(fetcher);
  const files = {
    name,
    names: ["config.json", weightsName],
    pathOf: (file: string) => `${name}: ${file}`,
    open,
  };
  return { name, files, warnings: [] };
}

const name = "the built-in model";

const configSource = (): ByteSource =>
  bytesInMemory(new TextEncoder().encode(JSON.stringify(defaultConfig)), `${name}: config.json`);

async function openWeights(fetcher: FileFetcher): Promise<ByteSource> {
  const { href } = absoluteUrl(weightsUrl(), "default");
  try {
    const source = await openUrl(href, fetcher);
    // A page in the file's place is said here, with what to do.
    await parseSafetensors(source);
    return source;
  } catch (error) {
    const isElsewhere = error instanceof VaekitError && ["NOT_FOUND", "INVALID_FILE"].includes(error.code);
    throw isElsewhere ? leftBehind(error) : error;
  }
}

function leftBehind(error: VaekitError): VaekitError {
  const message = `${error.message} The bundler has left ${name}'s weights behind: copy vaekit/assets/default-vae/${weightsName} to that address, or copy the folder anywhere and pass its URL to fromPretrained.`;
  return new VaekitError(error.code, message, { cause: error.cause });
}

/** assets/default-vae/config.json. */
export const defaultConfig = {
  _class_name: "AutoencoderKL",
  _diffusers_version: "0.40.0",
  act_fn: "silu",
  block_out_channels: [16, 32, 64, 96],
  down_block_types: ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
  force_upcast: true,
  in_channels: 3,
  latent_channels: 16,
  latents_mean: null,
  latents_std: null,
  layers_per_block: 1,
  mid_block_add_attention: false,
  norm_num_groups: 8,
  out_channels: 3,
  sample_size: 512,
  scaling_factor: 0.91576,
  shift_factor: -0.06343,
  up_block_types: ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
  use_post_quant_conv: false,
  use_quant_conv: false,
};
