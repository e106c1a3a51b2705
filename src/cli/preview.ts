/** `--preview`: what a tiny model makes of the latents, in files of their own, before the model itself begins. */
import { extname } from "node:path";
import {
  AutoencoderTiny,
  encodeImage,
  modelPlaceOf,
  type DecodingOptions,
  type Raster,
  type Vae,
} from "../node/index.ts";
import { oneLine } from "../node/report/index.ts";
import { warn } from "./failure.ts";
import { print } from "./format.ts";
import { openModel } from "./open-model.ts";
import type { JsonOptions, ModelOptions } from "./options.ts";
import type { Outputs } from "./outputs.ts";
import { pictureNames } from "./picture-names.ts";

/** A picture that was written. */
export interface WrittenPicture {
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

/** What says whether there is a preview, and of which model. */
export interface PreviewOptions extends ModelOptions, JsonOptions {
  out: string;
  preview?: string;
}

/** The tiny model and where its pictures go. */
export class Preview implements AsyncDisposable {
  readonly #vae: Vae;
  readonly #names: readonly string[];
  readonly #outputs: Outputs;
  readonly #isSaid: boolean;
  #writing: Promise<WrittenPicture[]> = Promise.resolve([]);

  private constructor(vae: Vae, names: readonly string[], outputs: Outputs, isSaid: boolean) {
    this.#vae = vae;
    this.#names = names;
    this.#outputs = outputs;
    this.#isSaid = isSaid;
  }

  /** @param count of the pictures. @throws as opening a model and claiming files */
  static async open(options: PreviewOptions, count: number, outputs: Outputs): Promise<Preview | undefined> {
    const { out, preview } = options;
    if (preview === undefined) return undefined;
    const extension = extname(out);
    const names = pictureNames(`${out.slice(0, -extension.length)}.preview${extension}`, count);
    for (const name of names) await outputs.claim(name);
    const vae = preview === builtIn ? await openBuiltIn(options) : await openTiny(preview, options);
    outputs.keepModel(vae, preview === builtIn ? {} : { model: preview });
    return new Preview(vae, names, outputs, options.json !== true);
  }

  /** For `vae.decode`. */
  get options(): Pick<DecodingOptions, "preview" | "onPreview"> {
    return {
      preview: this.#vae,
      onPreview: ({ sample }) => {
        this.#writing = this.#write(this.#vae.postprocess(sample));
        // It is awaited when the model itself is done.
        this.#writing.catch(() => undefined);
      },
    };
  }

  /** The pictures, when they are written. */
  written(): Promise<readonly WrittenPicture[]> {
    return this.#writing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#vae.dispose();
  }

  async #write(pictures: readonly Raster[]): Promise<WrittenPicture[]> {
    const written: WrittenPicture[] = [];
    for (const [i, { width, height }] of pictures.entries()) {
      const file = this.#names[i]!;
      await this.#outputs.write(file, await encodeImage(pictures[i]!, file));
      written.push({ file, width, height });
      if (this.#isSaid) print(`${oneLine(file)}: ${width}x${height}`);
    }
    return written;
  }
}

/** What the built-in tiny model is called; a folder of that name is `./default`. */
const builtIn = "default";

function openBuiltIn({ model, device }: PreviewOptions): Promise<Vae> {
  if (model !== undefined) {
    warn(
      `--preview default is for latents of the built-in model; whether those of ${model} are alike, vaekit inspect --compare says.`,
    );
  }
  return AutoencoderTiny.default({ device, onWarning: warn });
}

async function openTiny(preview: string, options: PreviewOptions): Promise<Vae> {
  return openModel({ ...(await ofHub(preview, options)), model: preview, device: options.device });
}

/** Of the model's options those that say how its preview comes from the hub, too. */
async function ofHub(
  preview: string,
  { cacheDir, offline }: ModelOptions,
): Promise<Pick<ModelOptions, "cacheDir" | "offline">> {
  return (await modelPlaceOf(preview)) === "hub" ? { cacheDir, offline } : {};
}
