/** Rows of arguments for the model with a codebook. */
import * as vaekit from "../src/node/index.ts";
import * as web from "../src/web/index.ts";
import { options, row, type Rows } from "./argument-rows.ts";
import { fixturePath } from "./conformance/fixtures.ts";

const { Tensor, VQModel } = vaekit;
const saved = await VQModel.fromPretrained(fixturePath("vq-models/lookup"), { device: "cpu" });
const latents = Tensor.zeros([1, 6, 2, 2]);

/** @param placed puts a text, which is a path, into a folder of the test. */
export const vqRows = (placed: (value: unknown) => never): Rows => ({
  completeVQModelConfig: row((x) => vaekit.completeVQModelConfig(x), "object", "Map"),
  VQEncoderOutput: row((x) => new vaekit.VQEncoderOutput(x)),
  "VQEncoderOutput: latentSample": row((x) => new vaekit.VQEncoderOutput({ latentSample: x })),
  "VQEncoderOutput.latents": options((x) => new vaekit.VQEncoderOutput({ latentSample: latents }).latents(x)),
  VQModel: options((x) => vaekit.VQModel.fromConfig({}, x)),
  "VQModel.fromPretrained": row((x) => VQModel.fromPretrained(x)),
  "VQModel.fromSingleFile": row((x) => VQModel.fromSingleFile(x)),
  "VQModel.fromConfig": row((x) => VQModel.fromConfig(x), "object", "Map"),
  "VQModel.savePretrained": row((x) => saved.savePretrained(placed(x)), "text"),
  "VQModel.decodeImage": row((x) => saved.decodeImage(x)),
  "VQVae.quantize": row((x) => saved.quantize(x)),
  "VQVae.decode": row((x) => saved.decode(x)),
  "VQVae.decode: options": options((x) => saved.decode(latents, x)),
  "VQVae.decode: indices": row((x) => saved.decode(x, { forceNotQuantize: true })),
  "VQVae.decodeLatents": row((x) => saved.decodeLatents(x)),
  "web.VQModel.fromPretrained": row((x) => web.VQModel.fromPretrained(x, { ort: x } as never)),
});
