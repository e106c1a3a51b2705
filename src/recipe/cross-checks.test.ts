/** Values that are right alone and contradict each other. */
import { describe, expect, it } from "vitest";
import { data, mlp, refusal, type Section } from "../../test/recipe/refusal.ts";

describe("what contradicts itself", () => {
  const model = { config: { block_out_channels: [32, 32] } };
  it.each<[string, Section, string | undefined]>([
    ["a warm-up as long as the run", { data, steps: 5, schedule: { warmup_steps: 5 } }, undefined],
    ["a short side of the resolution", { data: { ...data, short_side: 64 } }, undefined],
    ["an annealing with a length", { data, loss: { kl: { annealing: "cyclic", steps: 1 } } }, undefined],
    [
      "an annealing without one",
      { data, steps: 2, loss: { kl: { annealing: "cyclic" } } },
      "loss.kl.steps: expected the length of the cyclic annealing, found 0; write e.g. 1.",
    ],
    [
      "an annealing of a long run",
      { data, steps: 400, loss: { kl: { annealing: "linear" } } },
      "found 0; write e.g. 100.",
    ],
    [
      "bce beside mse",
      { data: { ...data, range: "unit" }, loss: { reconstruction: { bce: 1, mse: 1 } } },
      "loss.reconstruction: bce compares logits, mse compares pixels",
    ],
    ["bce of weight 0 beside mse", { data, loss: { reconstruction: { bce: 0, mse: 1 } } }, undefined],
    [
      "a subfolder of nothing",
      { data, model: { ...model, subfolder: "vae" } },
      "model.subfolder: has no meaning",
    ],
    ["a variant of nothing", { data, model: { ...model, variant: "fp16" } }, "model.variant: has no meaning"],
    ["a family of nothing", { data, model: { ...model, as: "sdxl" } }, "model.as: has no meaning without"],
    [
      "a subfolder of something",
      { data, model: { pretrained: "a", subfolder: "vae", variant: "fp16", as: null } },
      undefined,
    ],
    [
      "an initialisation of what is trained already",
      { data, model: { pretrained: "a", initialization: "principal_components" } },
      "model.initialization: a pretrained model is not initialized",
    ],
    [
      "channels out that the data lack",
      { data, model: { config: { out_channels: 1 } } },
      "model.config.out_channels: expected the data's 3 channels, found 1; leave it out.",
    ],
    [
      "a width that the model cannot halve",
      { data: { type: "tensors", height: 8, width: 6 } },
      "model.config.block_out_channels: expected levels whose factor divides the pictures' 8 x 6 pixels, found 4.",
    ],
    [
      "latents of a likelihood without a likelihood",
      { ...mlp, loss: { reconstruction: { bce: 2 } }, validation: { likelihood_samples: 5 } },
      "validation.likelihood_samples: only an mlp with loss.likelihood, or bce",
    ],
    [
      "an adversary of an mlp",
      { ...mlp, loss: { adversarial: { weight: 1 } } },
      "loss.adversarial: an mlp has no such term",
    ],
    [
      "a teacher of an mlp",
      { ...mlp, loss: { distillation: { teacher: "a" } } },
      "loss.distillation: an mlp has no such term",
    ],
    [
      "a bound and an annealing",
      { ...mlp, loss: { importance: { samples: 2 }, kl: { annealing: "linear", steps: 2 } } },
      "loss.kl: loss.importance holds its KL",
    ],
    [
      "a bound and a late KL",
      { ...mlp, loss: { importance: { samples: 2 }, kl: { start_step: 1 } } },
      "loss.kl: loss.importance holds its KL",
    ],
    [
      "a bound and free bits",
      { ...mlp, loss: { importance: { samples: 2 }, kl: { free_bits: 1 } } },
      "loss.kl: loss.importance holds its KL",
    ],
    [
      "a bound and a variance",
      { ...mlp, loss: { importance: { samples: 2 }, learn_logvar: true } },
      "loss.learn_logvar: loss.importance has no such variance",
    ],
    [
      "an mlp and pictures in files",
      {
        model: { type: "mlp", input_size: 192 },
        data: { type: "images", path: "a", resolution: 8, range: "unit" },
      },
      "data.type: an mlp takes rows of numbers: those of mnist, or of tensors that a program hands over; found images.",
    ],
    [
      "an mlp and a list of pictures",
      {
        model: { type: "mlp", input_size: 192 },
        data: { type: "list", path: "a", resolution: 8, range: "unit" },
      },
      "hands over; found list.",
    ],
    [
      "an mlp and tensors",
      {
        model: { type: "mlp", input_size: 12 },
        data: { type: "tensors", height: 2, width: 2, range: "unit" },
      },
      undefined,
    ],
    ["a bound", { ...mlp, loss: { importance: { samples: 2 } } }, undefined],
  ])("%s", (_, recipe, message) => {
    if (message === undefined) expect(refusal(recipe)).toBeUndefined();
    else expect(refusal(recipe)).toContain(message);
  });
});

describe("a key that only some schedules read", () => {
  const types = ["constant", "linear", "cosine", "cosine_with_restarts", "polynomial", "piecewise"];
  it.each([
    ["final_ratio", 0.5, ["linear", "cosine", "cosine_with_restarts", "polynomial"]],
    ["cycles", 2, ["cosine_with_restarts"]],
    ["power", 2, ["polynomial"]],
    ["milestones", [{ step: 1, factor: 0.5 }], ["piecewise"]],
  ] as const)("%s is refused by the others", (key, value, readers) => {
    const own = [{ step: 1, factor: 0.5 }];
    const takes = types.filter((type) => {
      const schedule = { type, ...(type === "piecewise" ? { milestones: own } : {}), [key]: value };
      const message = refusal({ data, schedule });
      if (message !== undefined) {
        expect(message).toContain(
          `schedule.${key}: type ${type} does not read it (${readers.join(", ")} does)`,
        );
      }
      return message === undefined;
    });
    expect(takes).toEqual(readers);
  });
});
