/** `vaekit inspect --compare`: whether the latents of one model mean the same to another. */
import {
  compareLatentSpaces,
  modelPlaceOf,
  readImage,
  type LatentSpaceVerdict,
  type Vae,
} from "../node/index.ts";
import { oneLine } from "../node/report/index.ts";
import { formatFixed, formatTable, print, printJson, type Column } from "./format.ts";
import { modelLabel } from "./model-label.ts";
import { openModel } from "./open-model.ts";
import type { ModelOptions } from "./options.ts";
import { samplePicture } from "./package.ts";

/** Of the sample picture; a multiple of every published factor. */
const comparedSize = { width: 256, height: 256 };

const answers: Readonly<Record<LatentSpaceVerdict, string>> = {
  same: "They share a latent space",
  near: "Their latent spaces are near each other, but not the same",
  different: "They do not share a latent space",
  unclear: "It cannot be told whether they share a latent space",
};

interface Row {
  readonly encoder: string;
  readonly decoded: readonly (number | null)[];
}

/** Opens the other model, and prints what each makes of the other's latents of the sample picture. */
export async function compareModels(
  vae: Vae,
  other: string,
  options: ModelOptions & { readonly json?: boolean },
): Promise<void> {
  await using second = await openModel({ ...(await optionsFor(other, options)), model: other });
  const models = [vae, second] as const;
  const picture = await readImage(samplePicture());
  const { verdict, reason, pictures } = await compareLatentSpaces(models, picture, { size: comparedSize });
  const labels = models.map((each) => modelLabel(each));
  if (options.json === true) {
    printJson({ models: labels, verdict, reason, pictures });
    return;
  }
  print(["A", "B"].map((name, index) => `${name}: ${oneLine(labels[index]!)}`).join("\n"));
  if (pictures.length > 0) {
    const psnrOf = (encoder: number, decoder: number): number | null =>
      pictures.find((each) => each.encoder === encoder && each.decoder === decoder)?.psnr ?? null;
    const rows = [0, 1].map((encoder) => ({
      encoder: `encoded by ${"AB"[encoder]!}`,
      decoded: [psnrOf(encoder, 0), psnrOf(encoder, 1)],
    }));
    print(`\n${formatTable(columns, rows)}\n`);
  }
  print(`${answers[verdict]}: ${reason}.`);
}

const columns: readonly Column<Row>[] = [
  { title: "PSNR, dB", align: "left", cell: ({ encoder }) => encoder },
  { title: "decoded by A", cell: ({ decoded }) => formatFixed(decoded[0]!, 2) },
  { title: "decoded by B", cell: ({ decoded }) => formatFixed(decoded[1]!, 2) },
];

/** The options say where the first model is, and how; of them hold for the other those that mean something for its place. */
async function optionsFor(other: string, options: ModelOptions): Promise<ModelOptions> {
  const { as, config, variant, subfolder, revision, cacheDir, offline, device } = options;
  switch (await modelPlaceOf(other)) {
    case "file":
      return { as, config, device };
    case "folder":
      return { variant, subfolder, device };
    case "hub":
      return { variant, subfolder, revision, cacheDir, offline, device };
  }
}
