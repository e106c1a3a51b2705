/** Which class's weights a single file holds, and its tensors under diffusers' names. */
import { VaekitError } from "../errors.ts";
import { modelsToAsk, type TensorShapes, type VaeModel } from "../models/index.ts";
import { describeOtherPart, refuseOtherAutoencoders } from "../models/other-tensors.ts";
import type { FoundTensor } from "../tensor/stored-tensor.ts";
import { vaePrefixes, withDiffusersNames, withoutPrefix, type NamingScheme } from "./key-names.ts";

type Tensors = ReadonlyMap<string, FoundTensor>;

/** The VAE in a single file. */
export interface FileOfModel {
  /** The class whose tensors they are. */
  readonly model: VaeModel;
  /** Under diffusers' names. */
  readonly tensors: Map<string, FoundTensor>;
  /** Whose names the file itself uses. */
  readonly scheme: NamingScheme;
}

/**
 * Finds the VAE in a single file's tensors, in whatever names: those under a prefix (`vae.` or `first_stage_model.`) where there are
 * some. It may be one half alone.
 *
 * @param subject what to call the file in messages.
 * @param like the class that the caller takes it for: of tensors that no special class recognises, which are the most usual
 *   class's else.
 * @throws INVALID_FILE when no VAE is among the tensors, or when two of them end up with one name; UNSUPPORTED when it is an
 *   autoencoder that vaekit does not read.
 */
export async function modelOfFile(tensors: Tensors, subject: string, like?: VaeModel): Promise<FileOfModel> {
  const ofVae = withoutPrefix(tensors);
  const models = await modelsToAsk();
  const known = await firstThatRecognizes(models, ofVae);
  if (known === undefined) {
    refuseOtherAutoencoders(ofVae, subject);
    checkIsVae(ofVae, tensors, subject);
  }
  // What has the halves of a VAE is told what the most usual one lacks.
  const mostUsual = models.at(-1)!;
  const taken = like?.alone === undefined ? mostUsual : like;
  const model = known === undefined || known === mostUsual ? taken : known;
  return { model, ...withDiffusersNames(ofVae, model.names) };
}

/** The class whose weights have such names, as convolutions: of a file that is not read. */
export async function modelOfNames(names: readonly string[]): Promise<VaeModel | undefined> {
  const tensors = new Map(names.map((name) => [name, { shape: [1, 1, 3, 3] }]));
  return firstThatRecognizes(await modelsToAsk(), tensors);
}

async function firstThatRecognizes(
  models: readonly VaeModel[],
  tensors: TensorShapes,
): Promise<VaeModel | undefined> {
  const recognizing = await Promise.all(models.map((model) => recognizes(model, tensors)));
  return models.find((_, i) => recognizing[i]);
}

async function recognizes(model: VaeModel, tensors: TensorShapes): Promise<boolean> {
  const alone = await model.alone?.();
  if (alone === undefined) return false;
  const rename = model.names?.ofFile([...tensors.keys()]) ?? ((name: string): string => name);
  return alone.recognizes(new Map([...tensors].map(([name, stored]) => [rename(name), stored])));
}

function checkIsVae(ofVae: Tensors, all: Tensors, subject: string): void {
  const hasHalf = [...ofVae.keys()].some((name) => /^(encoder|decoder)\./.test(name));
  const other = describeOtherPart(ofVae);
  if (hasHalf && other === undefined) return;
  const found = [...all.keys()].slice(0, 3).map((name) => JSON.stringify(name.slice(0, 80)));
  throw new VaekitError(
    "INVALID_FILE",
    `${subject}: expected the weights of a VAE (encoder.… and decoder.…, on their own or under ${vaePrefixes.join(" or ")}), found ${
      found.length === 0 ? "no tensors" : `${found.join(", ")} and the like`
    }.${other === undefined ? "" : ` This is ${other}.`}`,
  );
}
