/** Pickle files (.bin, .ckpt, .pt): recognised in order to be refused, because opening one can run code. */
import { VaekitError } from "../errors.ts";
import { headBytes, identifyContent } from "../files/index.ts";
import type { ByteSource } from "../tensor/byte-source.ts";

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
  return pickleRefusal(
    path,
    `${rename}run: from diffusers import ${className}; ${className}.${load}(${JSON.stringify(source)}).save_pretrained(${JSON.stringify(`${target}-safetensors`)}, safe_serialization=True)`,
  );
}

/** Refuses a pickle. @param remedy completes "to convert it once in Python, …". */
export const pickleRefusal = (path: string, remedy: string): VaekitError =>
  new VaekitError(
    "UNSUPPORTED",
    `${path}: expected safetensors weights, found only a pickle, which vaekit refuses because opening one can run any code in it. ` +
      `To convert it once in Python, ${remedy}`,
  );
