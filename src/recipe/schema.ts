/** The schema of a recipe: everything that decides a training run, with its defaults. Keys are those of the YAML file. */
import { z } from "zod";
import { dataSchema } from "./data-schema.ts";
import { count, wholeNumber } from "./fields.ts";
import { lossSchema } from "./loss-schema.ts";
import { modelSchema } from "./model-schema.ts";
import {
  checkpointsSchema,
  emaSchema,
  logSchema,
  optimizerSchema,
  phasesSchema,
  samplesSchema,
  scheduleSchema,
  validationSchema,
} from "./run-schema.ts";

export const recipeSchema = z.strictObject({
  model: modelSchema.describe("What is trained."),
  data: dataSchema.describe("The pictures."),
  loss: lossSchema.prefault({}).describe("What is minimized."),
  optimizer: optimizerSchema.prefault({}),
  schedule: scheduleSchema.prefault({}).describe("How the learning rate changes."),
  ema: emaSchema.nullable().default(null).describe("A moving average of the weights; null: none."),
  batch_size: count(65_536).default(8),
  phases: phasesSchema,
  accumulate: count(1_000_000).default(1).describe("Batches whose gradients are averaged into one step."),
  steps: count().nullable().default(null).describe("Length of the run in updates of the autoencoder."),
  epochs: count().nullable().default(null).describe("Length of the run in passes over the data."),
  seed: wholeNumber().default(0),
  randomness: z
    .enum(["philox", "torch"])
    .default("philox")
    .describe("vaekit's own generator, or the order of draws of a PyTorch script."),
  recompute: z
    .boolean()
    .default(false)
    .describe("Compute activations again in the backward pass: less memory, more time."),
  validation: validationSchema.prefault({}),
  checkpoints: checkpointsSchema.prefault({}),
  samples: samplesSchema.prefault({}),
  log: logSchema.prefault({}),
});

/** A recipe as the schema leaves it, still in snake_case. */
export type ParsedRecipe = z.output<typeof recipeSchema>;

/** JSON Schema, as far as recipes use it. */
export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: boolean | JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** The schema as JSON Schema (draft 2020-12), for editors: it completes keys and marks mistakes while one types. */
export function recipeJsonSchema(): JsonSchema {
  return z.toJSONSchema(recipeSchema, {
    io: "input",
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      // model and data have a default type, and the rest of model its defaults: parseRecipe fills them in.
      const filled = ["type", "model"];
      if (jsonSchema.required === undefined) return;
      jsonSchema.required = jsonSchema.required.filter((key) => !filled.includes(key));
      if (jsonSchema.required.length === 0) delete jsonSchema.required;
    },
  }) as JsonSchema;
}
