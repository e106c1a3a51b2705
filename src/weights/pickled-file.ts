/** The refusal of a single file that is a pickle: how it is converted depends on whose tensors it has. */
import type { VaekitError } from "../errors.ts";
import { defaultClassName } from "../models/index.ts";
import type { ByteSource } from "../tensor/byte-source.ts";
import { pickleError, pickleRefusal } from "./pickle.ts";
import { modelOfNames } from "./single-file.ts";

/** Where PyTorch's archives have the names of their tensors. */
const namesBytes = 2 ** 18;

/** The refusal, with the one line of Python that converts the file. */
export async function pickledFileError(path: string, source: ByteSource): Promise<VaekitError> {
  if (!(await isOfFoldersOnly(source))) return pickleError(path, "file");
  const target = `${path.replace(/\.\w+$/, "")}.safetensors`;
  return pickleRefusal(
    path,
    `run: import torch; from safetensors.torch import save_file; save_file(torch.load(${JSON.stringify(path)}, map_location="cpu", weights_only=True), ${JSON.stringify(target)})`,
  );
}

/** Whether the tensors of a pickle, by their names, are those of a class that diffusers reads from a folder only. */
async function isOfFoldersOnly(source: ByteSource): Promise<boolean> {
  const bytes = await source.read(0, Math.min(namesBytes, source.byteLength));
  const names = new TextDecoder("latin1").decode(bytes).match(/[\w.]+\.(?:weight|bias)/g) ?? [];
  const model = await modelOfNames([...new Set(names)]);
  return model !== undefined && model.className !== defaultClassName;
}
