/** The training as a program has it. */
import type { Code } from "../view.ts";
import type { TrainState } from "./index.ts";

export function code({ beta, latent, seed }: TrainState): Code {
  const weight = Number(beta.toFixed(2));
  const weighted = weight === 1 ? "" : `${weight} * `;
  return {
    highlight: weight === 1 ? "kl" : String(weight),
    typescript: `import * as ort from "onnxruntime-web/wasm";
import { Generator, WebRuntime } from "vaekit";
import { Trainer, type TensorRecipe } from "vaekit/train";

const runtime = new WebRuntime(ort); // new NodeRuntime() in Node
const recipe: TensorRecipe = {
  model: { type: "mlp", input_size: 784, hidden_sizes: [400], latent_size: ${latent} },
  loss: { reconstruction: "bce", reduction: "sum", kl: { weight: ${weight} } },
  optimizer: { learning_rate: 1e-3 },
  batch_size: 128, steps: 1000, seed: ${seed},
};
const trainer = await Trainer.fromRecipe(runtime, recipe, { data: digits }); // float32 [N, 784]
while (trainer.step < trainer.totalSteps) console.log((await trainer.advance()).terms);
const pictures = await trainer.decode(Generator.torch(0).randn([16, ${latent}]));
`,
    diffusers: `# diffusers has no VAE of this kind; in PyTorch:
for x in loader:
    h = F.relu(fc1(x))
    mean, logvar = fc21(h), fc22(h)  # 400 to ${latent}
    z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
    logits = fc4(F.relu(fc3(z)))
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mean**2 - logvar.exp())
    (reconstruction + ${weighted}kl).backward()
    optimizer.step(); optimizer.zero_grad()
`,
  };
}
