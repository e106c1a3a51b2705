/** Rows of arguments for the autoencoders of Sana and HunyuanImage. */
import * as vaekit from "../src/node/index.ts";
import * as web from "../src/web/index.ts";
import { options, row, type Rows } from "./argument-rows.ts";
import { fixturePath } from "./conformance/fixtures.ts";

const { AutoencoderDC, AutoencoderKLHunyuanImage, EncoderOutput, Tensor } = vaekit;
const saved = await AutoencoderDC.fromPretrained(fixturePath("dc-models/switches"), { device: "cpu" });
const hunyuan = await AutoencoderKLHunyuanImage.fromPretrained(fixturePath("hunyuan-image"), {
  device: "cpu",
});
const latent = Tensor.zeros([1, 4, 2, 2]);

/** @param placed puts a text, which is a path, into a folder of the test. */
export const dcRows = (placed: (value: unknown) => never): Rows => ({
  EncoderOutput: row((x) => new EncoderOutput(x)),
  "EncoderOutput: latent": row((x) => new EncoderOutput({ latent: x })),
  "EncoderOutput.latents": options((x) => new EncoderOutput({ latent }).latents(x)),
  "AutoencoderDC.fromPretrained": row((x) => AutoencoderDC.fromPretrained(x)),
  "AutoencoderDC.fromSingleFile": row((x) => AutoencoderDC.fromSingleFile(x)),
  "AutoencoderDC.fromConfig": row((x) => AutoencoderDC.fromConfig(x), "object", "Map"),
  "AutoencoderDC.savePretrained": row((x) => saved.savePretrained(placed(x)), "text"),
  "AutoencoderDC.decodeImage": row((x) => saved.decodeImage(x)),
  "web.AutoencoderDC.fromPretrained": row((x) => web.AutoencoderDC.fromPretrained(x, { ort: x } as never)),
  "AutoencoderKLHunyuanImage.fromPretrained": row((x) => AutoencoderKLHunyuanImage.fromPretrained(x)),
  "AutoencoderKLHunyuanImage.fromSingleFile": row((x) => AutoencoderKLHunyuanImage.fromSingleFile(x)),
  "AutoencoderKLHunyuanImage.fromConfig": row(
    (x) => AutoencoderKLHunyuanImage.fromConfig(x),
    "object",
    "Map",
  ),
  "AutoencoderKLHunyuanImage.savePretrained": row((x) => hunyuan.savePretrained(placed(x)), "text"),
  "AutoencoderKLHunyuanImage.decodeImage": row((x) => hunyuan.decodeImage(x)),
  "web.AutoencoderKLHunyuanImage.fromPretrained": row((x) =>
    web.AutoencoderKLHunyuanImage.fromPretrained(x, { ort: x } as never),
  ),
});
