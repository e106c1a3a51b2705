/** Says once what looks wrong about latents that a model is to decode. It refuses nothing: numbers may be odd and right. */
import { VaekitError } from "../errors.ts";
import type { LatentScaling } from "../latents/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { FarLatents, KnownLatents, Scale } from "./far-latents.ts";

/** Latents that are known to be meant as they are: looked at with what their file says, or rows of the model's own codebook. */
const known = new WeakSet<Tensor>();

/** Marks latents that need no look. @returns the same tensor */
export function knownLatents<T extends Tensor>(latents: T): T {
  known.add(latents);
  return latents;
}

/** What each call takes, and what brings the other scale to it. */
const calls = {
  decode: {
    scale: "raw",
    other: "They look normalised: pass them through denormalizeLatents first, or to decodeImage.",
  },
  decodeImage: {
    scale: "normalized",
    other: "They look as the VAE itself has them: pass them through normalizeLatents first, or to decode.",
  },
} as const satisfies Record<string, { readonly scale: Scale; readonly other: string }>;

/** The end of a line about latents that are those of another model, or of none. */
export function otherModelText(likely: { readonly model: string } | undefined): string {
  return likely === undefined
    ? "Are they of this model?"
    : `They look like those of another model, ${likely.model}, as its VAE has them: decode them with it.`;
}

type Judge = (latents: KnownLatents) => FarLatents | undefined;

const loadJudge = (): Promise<Judge | undefined> =>
  import("./far-latents.ts").then(
    ({ farLatents }) => farLatents,
    () => undefined,
  );

export interface LatentsWatchParts {
  /** The model's, for the message. */
  readonly name: string;
  /** @throws where one half alone does not know it. */
  readonly scaling: () => LatentScaling;
  /** @default nobody is told, and nothing looked at */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** Of one model. */
export class LatentsWatch {
  readonly #parts: LatentsWatchParts;
  /** What judges latents: loaded for those who want to know, and no reason to fail where it cannot be. */
  readonly #judge: Promise<Judge | undefined>;
  /** Nobody is told any more: it was said, or the model itself makes such latents. */
  #isOver: boolean;

  constructor(parts: LatentsWatchParts) {
    this.#parts = parts;
    this.#isOver = parts.onWarning === undefined;
    this.#judge = this.#isOver ? Promise.resolve(undefined) : loadJudge();
  }

  /** A model whose own latents are odd has a scaling that was never measured, and theirs says nothing of others. */
  async encoded(latents: () => Tensor): Promise<void> {
    if (!this.#isOver && (await this.#far(latents(), "raw")) !== undefined) this.#isOver = true;
  }

  /** @param latents as the caller gave them, checked. */
  async look(call: keyof typeof calls, latents: Tensor): Promise<void> {
    if (this.#isOver || known.has(latents)) return;
    const { scale, other } = calls[call];
    const far = await this.#far(latents, scale);
    if (far === undefined) return;
    const advice = far.likely === "in the other scale" ? other : otherModelText(far.likely);
    this.#say(`${this.#parts.name}: ${call}: ${far.odd}. ${advice}`);
  }

  /** Unless another call has said it meanwhile. */
  #say(message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.onWarning?.(message);
  }

  async #far(found: Tensor, scale: Scale): Promise<FarLatents | undefined> {
    let scaling: LatentScaling;
    try {
      scaling = this.#parts.scaling();
    } catch (error) {
      // It decodes nevertheless.
      if (error instanceof VaekitError && error.code === "UNSUPPORTED") return undefined;
      throw error;
    }
    return (await this.#judge)?.({ found, scale, scaling });
  }
}
