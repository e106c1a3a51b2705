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
  /** The kind of value that fits. */
  readonly type?: string;
  /** The only value that fits. */
  readonly const?: unknown;
  /** The values that fit. */
  readonly enum?: readonly unknown[];
  /** What the key is for. */
  readonly description?: string;
  /** The value where the key is left out. */
  readonly default?: unknown;
  /** The keys of an object. */
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  /** The keys that an object must have. */
  readonly required?: readonly string[];
  /** What other keys may hold; false: there are none. */
  readonly additionalProperties?: boolean | JsonSchema;
  /** What each item of a list must fit, from `prefixItems` on. */
  readonly items?: boolean | JsonSchema;
  /** What the first items of a list must fit, one by one. */
  readonly prefixItems?: readonly JsonSchema[];
  /** One of these must fit. */
  readonly anyOf?: readonly JsonSchema[];
  /** Exactly one of these must fit. */
  readonly oneOf?: readonly JsonSchema[];
  /** The least number of items. */
  readonly minItems?: number;
  /** The least number of characters. */
  readonly minLength?: number;
  /** The least number. */
  readonly minimum?: number;
  /** The greatest number. */
  readonly maximum?: number;
  /** Numbers must be above it. */
  readonly exclusiveMinimum?: number;
  /** Numbers must be below it. */
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
