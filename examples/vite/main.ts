/** Opens a model by URL, encodes the picture that is chosen, decodes its latents, and draws the result. */
import { openVae } from "vaekit";

const input = document.querySelector<HTMLInputElement>("#file")!;
const status = document.querySelector<HTMLElement>("#status")!;
const canvas = document.querySelector<HTMLCanvasElement>("#picture")!;

// A folder with config.json and diffusion_pytorch_model.safetensors, here public/model.
const vae = await openVae(new URL("model/", document.baseURI));
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
