/** The latents that a teacher gives pictures, inside a training graph. */
import { InternalError } from "../../errors.ts";
import type { GraphBuilder, Value } from "../../graph/index.ts";
import type { LatentScaling } from "../../latents/scaling.ts";
import type { FindParameter } from "../../models/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { divide, multiply, subtract } from "../losses/arithmetic.ts";
import type { PosteriorNetwork } from "../vae-network.ts";

/** A VAE whose latents are learned: its network and its frozen weights. */
export interface TeacherOptions {
  readonly network: PosteriorNetwork;
  readonly weights: FindParameter;
  /** What lies between its latents and those that a diffusion model sees. */
  readonly scaling: LatentScaling;
}

/** A teacher that a network cannot do without. */
export function neededTeacher(teacher: TeacherOptions | undefined): TeacherOptions {
  if (teacher === undefined) throw new InternalError("a network that learns from a teacher has none");
  return teacher;
}

/** The mean of the teacher's posterior; its parameters are stored under names of their own. */
export function teacherMean(
  builder: GraphBuilder,
  { network, weights }: TeacherOptions,
  sample: Value,
): Value {
  const parameter = (name: string, shape: Shape, viewShape: Shape = shape): Value => {
    const stored = weights(name, shape);
    const value = builder.stored({ ...stored, name: `teacher.${stored.name}` }, viewShape);
    return value.dtype === "float32" ? value : builder.apply("Cast", [value], { to: "float32" });
  };
  return builder.scope("teacher", () => network.posterior({ builder, parameter }, sample).mean);
}

/** The same as a diffusion model sees it: what `normalizeLatents` makes of it. */
export function normalizedTeacherMean(builder: GraphBuilder, teacher: TeacherOptions, sample: Value): Value {
  return normalized(builder, teacherMean(builder, teacher, sample), teacher.scaling);
}

function normalized(builder: GraphBuilder, latents: Value, scaling: LatentScaling): Value {
  const ofChannels = (name: string, values: readonly number[]): Value =>
    builder.constant(`teacher_${name}`, Tensor.from(Float32Array.from(values), [values.length, 1, 1]));
  switch (scaling.kind) {
    case "none":
      return latents;
    case "factor": {
      const centred = subtract(builder, latents, scaling.shiftFactor);
      return multiply(builder, centred, scaling.scalingFactor);
    }
    case "meanStd": {
      const { mean, std, scalingFactor = 1 } = scaling;
      const centred = subtract(builder, latents, ofChannels("mean", mean));
      return divide(builder, multiply(builder, centred, scalingFactor), ofChannels("std", std));
    }
    case "patchMeanStd":
      throw new InternalError("a teacher whose latents are scaled in patches");
  }
}
