/** The picture that all views look at: one of the built-in ones or the visitor's own, square, at any size. */
import { resizeRaster, type DiagonalGaussianDistribution, type Raster, type Tensor } from "vaekit";
import type { Model } from "../engine/engine.svelte.ts";
import type { Size } from "../engine/sides.ts";
import { failureOf, type Failure, type FailureKind } from "../engine/failure.ts";
import { posteriorOf } from "../engine/posterior-of.ts";
import { prerenderedPosterior } from "../prerendered/index.ts";
import { builtInIds, builtInPicture, type BuiltInId } from "./built-in.ts";
import { squareOf } from "./read-picture.ts";

/** What the encoder makes of a picture. */
export interface Encoded {
  readonly original: Raster;
  /** The most probable ones. */
  readonly latents: Tensor<"float32">;
  /** undefined for a model that has none. */
  readonly posterior: DiagonalGaussianDistribution | undefined;
}

export class Subject {
  /** A built-in picture's name, or `own`. */
  id = $state<BuiltInId | "own">("still-life");
  /** 512 pixels wide and high; undefined until it is read. */
  square = $state.raw<Raster>();
  /** Whether a picture is being read that was asked for last. */
  isReading = $state(false);
  failure = $state.raw<Failure>();
  /** The encoder's result at the size of pictures at rest; before the model is there, one that was computed before. */
  encoded = $state.raw<Encoded>();
  readonly #sizeAtRest: () => Size;
  readonly #resized = new Map<Size, Raster>();
  #encodedBy: Model | undefined;
  readonly #encoded = new Map<Size, Encoded>();
  /** Pictures that were asked for: only the newest counts. */
  #asked = 0;

  constructor(sizeAtRest: () => Size) {
    this.#sizeAtRest = sizeAtRest;
  }

  get builtIn(): boolean {
    return this.id !== "own";
  }

  /** A built-in picture by its name; the first for a name that there is not. */
  choose(name: string | null): void {
    const id = builtInIds.find((each) => each === name) ?? "still-life";
    if (id === this.id && this.square !== undefined) return;
    this.id = id;
    void this.#take(builtInPicture(id)).then(() => this.#showPrerendered());
  }

  /** The visitor's own picture. It stays in this page. */
  async open(file: Blob): Promise<void> {
    if (await this.#take(squareOf(file))) this.id = "own";
  }

  /** A file that is no picture. */
  refuse(kind: FailureKind, message: string): void {
    this.#asked++;
    this.isReading = false;
    this.failure = { kind, message };
  }

  at(size: Size): Raster | undefined {
    const { square } = this;
    if (square === undefined) return undefined;
    const made = this.#resized.get(size) ?? resizeRaster(square, size, size);
    this.#resized.set(size, made);
    return made;
  }

  /** The encoder's result, once for each size. `original` must be what `at(size)` gave. */
  async encode(model: Model, original: Raster): Promise<Encoded> {
    if (this.#encodedBy !== model) this.#forgetEncoded(model);
    const size = original.width as Size;
    const kept = this.#encoded.get(size);
    if (kept?.original === original) return this.#shown(kept);
    const output = await model.encode(model.preprocess(original));
    const encoded = { original, latents: output.latents(), posterior: posteriorOf(output) };
    if (this.#resized.get(size) !== original || this.#encodedBy !== model) return encoded;
    this.#encoded.set(size, encoded);
    return this.#shown(encoded);
  }

  /** The most probable latents. `original` must be what `at(size)` gave. */
  async latents(model: Model, original: Raster): Promise<Tensor<"float32">> {
    return (await this.encode(model, original)).latents;
  }

  /** Views show the latents of pictures at rest while somebody drags. */
  #shown(encoded: Encoded): Encoded {
    if (encoded.original.width === this.#sizeAtRest()) this.encoded = encoded;
    return encoded;
  }

  #forgetEncoded(next: Model | undefined): void {
    this.#encoded.clear();
    // What was computed before the page was built is the first model's, too.
    if (this.#encodedBy !== undefined || next === undefined) this.encoded = undefined;
    this.#encodedBy = next;
  }

  #isFirst(): boolean {
    return this.id === "still-life";
  }

  async #showPrerendered(): Promise<void> {
    if (!this.#isFirst()) return;
    const posterior = await prerenderedPosterior();
    const original = this.at(256);
    if (this.#isFirst() && original !== undefined)
      this.encoded ??= { original, latents: posterior.mode(), posterior };
  }

  /** Whether it is the picture now: another one may have been asked for meanwhile. */
  async #take(picture: Promise<Raster>): Promise<boolean> {
    const asked = ++this.#asked;
    this.isReading = true;
    try {
      const square = await picture;
      if (asked !== this.#asked) return false;
      this.#resized.clear();
      this.#forgetEncoded(this.#encodedBy);
      this.square = square;
      this.failure = undefined;
      return true;
    } catch (error) {
      if (asked === this.#asked) this.failure = failureOf(error);
      return false;
    } finally {
      if (asked === this.#asked) this.isReading = false;
    }
  }
}
