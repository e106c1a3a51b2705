/** Rows of arguments for the autoencoders of Sana and HunyuanImage. */
import * as vaekit from "../src/node/index.ts";
import * as web from "../src/web/index.ts";
import { options, row, type Rows } from "./argument-rows.ts";

const { EncoderOutput, Tensor } = vaekit;
const latent = Tensor.zeros([1, 4, 2, 2]);

export const dcRows: Rows = {
  EncoderOutput: row((x) => new EncoderOutput(x)),
  "EncoderOutput: latent": row((x) => new EncoderOutput({ latent: x })),
  "EncoderOutput.latents": options((x) => new EncoderOutput({ latent }).latents(x)),
  "web.AutoencoderDC.fromPretrained": row((x) => web.AutoencoderDC.fromPretrained(x, { ort: x } as never)),
  "web.AutoencoderKLHunyuanImage.fromPretrained": row((x) =>
    web.AutoencoderKLHunyuanImage.fromPretrained(x, { ort: x } as never),
  ),
};
