/** What is known of a node beside what it computes: for whoever prices, plans or writes graphs. */

/** A form of a convolution in which more than one node computes it, or none that is a Conv. */
export type ConvolutionForm =
  /** Winograd's algorithm, in tiles of so many outputs along a side. */
  | { readonly kind: "winograd"; readonly tile: 2 | 4 | 6 }
  /** The same in tiles whose sides are transformed one after the other, or of which one is. */
  | { readonly kind: "winograd by sides"; readonly tile: "4x4" | "4x1" }
  /** Nearest upsampling by 2 together with the 3x3 convolution after it, as four 2x2 convolutions in tiles of 3x3 pixels. */
  | { readonly kind: "upsampling in tiles" }
  /** The same two in three products along a side. */
  | { readonly kind: "upsampling by differences" }
  /** The same two as four 2x2 convolutions of the small picture. */
  | { readonly kind: "folded upsampling" }
  /** One product of every pixel's channels with a matrix. */
  | { readonly kind: "product" }
  /** The same for all taps at once, which are then added up. */
  | { readonly kind: "product before taps" };

/** What a node is of a convolution in such a form. */
export interface ConvolutionPart {
  readonly form: ConvolutionForm;
  /**
   * "input" transforms the input, "product" multiplies it with the kernels and sums over channels, or brings its factors in order for
   * that, and "output" transforms the sums.
   */
  readonly part: "input" | "product" | "output";
}

export interface Labels {
  /** The module to which the node belongs: `decoder.mid_block.resnets.0.conv1`. Without one it is part of what comes before. */
  readonly layer?: string;
  readonly convolution?: ConvolutionPart;
  /** Whether a Conv is worth being computed with its channels in blocks, where a runtime has such a layout. */
  readonly inBlocks?: true;
}

/** `Winograd 4x4`, as people read it. */
export function formText(form: ConvolutionForm): string {
  if (form.kind === "winograd by sides") return `Winograd ${form.tile} by sides`;
  return form.kind === "winograd" ? `Winograd ${form.tile}x${form.tile}` : form.kind;
}

/** `decoder.conv_in, Winograd 4x4 (input)`; empty without labels. */
export function labelsText({ layer, convolution, inBlocks }: Labels): string {
  const form = convolution === undefined ? [] : [`${formText(convolution.form)} (${convolution.part})`];
  return [...(layer === undefined ? [] : [layer]), ...form, ...(inBlocks ? ["in blocks"] : [])].join(", ");
}
