/** Pickle files (.bin, .ckpt, .pt): recognised in order to be refused, because opening one can run code. */
import { VaekitError } from "../errors.ts";
import { headBytes, identifyContent } from "../files/index.ts";
import { defaultModel } from "../models/index.ts";
import type { ByteSource } from "../tensor/byte-source.ts";
import { modelOfNames } from "./single-file.ts";

const pickleExtension = /\.(bin|ckpt|pt|pth|pkl|pickle)$/i;

/** Whether a file's name says that it is a pickle; what it is, its content says. */
export function isPickleName(path: string): boolean {
  return pickleExtension.test(path);
}

/** Whether a file's content is a pickle, or the zip archive that PyTorch packs one in, whatever its name. */
export async function isPickleContent(source: ByteSource): Promise<boolean> {
  const head = await source.read(0, Math.min(headBytes, source.byteLength));
  return identifyContent(head, source.byteLength)?.kind === "pickle";
}

/** What to tell about a sound safetensors file under a pickle's name; undefined for any other name. */
export function misnamedWarning(path: string): string | undefined {
  if (!isPickleName(path)) return undefined;
  return `${path}: is a safetensors file under a pickle's name; read as safetensors. Rename it to .safetensors: other programs go by the name.`;
}

/** Where PyTorch's archives have the names of their tensors. */
const namesBytes = 2 ** 18;

/** Whether the tensors of a pickle, by their names, are those of a class that diffusers reads from a folder only. */
async function isOfFoldersOnly(source: ByteSource): Promise<boolean> {
  const bytes = await source.read(0, Math.min(namesBytes, source.byteLength));
  const names = new TextDecoder("latin1").decode(bytes).match(/[\w.]+\.(?:weight|bias)/g) ?? [];
  const model = modelOfNames([...new Set(names)]);
  return model !== undefined && model !== defaultModel;
}

/** The refusal of a single file, with the one line of Python that converts it. */
export async function pickledFileError(path: string, source: ByteSource): Promise<VaekitError> {
  if (!(await isOfFoldersOnly(source))) return pickleError(path, "file");
  const target = `${path.replace(/\.\w+$/, "")}.safetensors`;
  return refusal(
    path,
    `run: import torch; from safetensors.torch import save_file; save_file(torch.load(${JSON.stringify(path)}, map_location="cpu", weights_only=True), ${JSON.stringify(target)})`,
  );
}

/**
 * The refusal, with the one line of Python that converts.
 *
 * @param className diffusers' class of the model; single files are read by vaekit and by diffusers as AutoencoderKL's.
 */
export function pickleError(path: string, kind: "folder" | "file", className = "AutoencoderKL"): VaekitError {
  const load = kind === "folder" ? "from_pretrained" : "from_single_file";
  const target = kind === "folder" ? path : path.replace(/\.\w+$/, "");
  // Python goes by the name: under .safetensors it would not find the pickle.
  const source = kind === "file" && !isPickleName(path) ? `${target}.ckpt` : path;
  const rename = source === path ? "" : `rename it to ${source}, and `;
  return refusal(
    path,
    `${rename}run: from diffusers import ${className}; ${className}.${load}(${JSON.stringify(source)}).save_pretrained(${JSON.stringify(`${target}-safetensors`)}, safe_serialization=True)`,
  );
}

const refusal = (path: string, remedy: string): VaekitError =>
  new VaekitError(
    "UNSUPPORTED",
    `${path}: expected safetensors weights, found only a pickle, which vaekit refuses because opening one can run any code in it. ` +
      `To convert it once in Python, ${remedy}`,
  );
