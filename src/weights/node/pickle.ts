/** Pickle files (.bin, .ckpt, .pt): recognised in order to be refused, because opening one can run code. */
import { VaekitError } from "../../errors.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";

const pickleExtension = /\.(bin|ckpt|pt|pth|pkl|pickle)$/i;

/** Whether a file's name says that it is a pickle. */
export function isPickleName(path: string): boolean {
  return pickleExtension.test(path);
}

/** Whether a file's first bytes are those of a pickle, or of the zip archive that PyTorch packs one in. */
export async function isPickleContent(source: ByteSource): Promise<boolean> {
  const head = await source.read(0, Math.min(9, source.byteLength));
  // A safetensors header always begins with a brace after its length; a length may look like anything.
  if (head[8] === 0x7b) return false;
  const isZip = head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
  const isPickle = head[0] === 0x80 && head[1] !== undefined && head[1] >= 2 && head[1] <= 5;
  return isZip || isPickle;
}

/** The refusal, with the one line of Python that converts. */
export function pickleError(path: string, kind: "folder" | "file"): VaekitError {
  const load = kind === "folder" ? "from_pretrained" : "from_single_file";
  const target = kind === "folder" ? path : path.replace(pickleExtension, "");
  return new VaekitError(
    "UNSUPPORTED",
    `${path}: expected .safetensors weights, found only a pickle, which vaekit refuses because opening one can run any code in it. ` +
      `Convert it once in Python: from diffusers import AutoencoderKL; AutoencoderKL.${load}(${JSON.stringify(path)}).save_pretrained(${JSON.stringify(`${target}-safetensors`)}, safe_serialization=True)`,
  );
}
