/** Opens the built-in model, encodes the picture that is chosen, decodes its latents, and draws the result. */
import { AutoencoderKL } from "vaekit";

const input = document.querySelector<HTMLInputElement>("#file")!;
const status = document.querySelector<HTMLElement>("#status")!;
const canvas = document.querySelector<HTMLCanvasElement>("#picture")!;

// Another one by openVae: an id of the hub, the URL of a folder or of a file, a file that is chosen.
const vae = await AutoencoderKL.default({
  onProgress: ({ loadedBytes }) => {
    status.textContent = `Opening the model… ${(loadedBytes / 1e6).toFixed(1)} MB`;
  },
});
status.textContent = `Ready: ${vae.parameterCount} parameters. Choose a picture.`;
input.disabled = false;

input.addEventListener("change", () => {
  const [file] = input.files ?? [];
  if (file !== undefined) reconstruct(file).catch(show);
});

async function reconstruct(file: File): Promise<void> {
  status.textContent = "Computing…";
  const startMs = performance.now();
  const latents = await vae.encodeImage(file, { size: 128 });
  const picture = await vae.decodeImage(latents);
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d")!.putImageData(picture.toImageData(), 0, 0);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  status.textContent = `Latents [${latents.shape.join(", ")}], picture ${picture.width}x${picture.height}, ${seconds} s`;
}

function show(error: unknown): void {
  status.textContent = `Failed: ${error instanceof Error ? error.message : String(error)}`;
}
