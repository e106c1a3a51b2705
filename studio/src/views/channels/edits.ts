/** What was done to channels: one letter for each, k as it is, z set to zero, f its sign turned. */
import { Tensor } from "vaekit";

export const tools = ["zero", "flip", "alone"] as const;
export type Tool = (typeof tools)[number];

export type Edit = "k" | "z" | "f";

/** The letter of a channel; channels beyond the text are as they are. */
export const editOf = (edits: string, channel: number): Edit => (edits[channel] ?? "k") as Edit;

/** The edits after a click with a tool; the same click again takes it back. */
export function clicked(edits: string, channel: number, tool: Tool, channels: number): string {
  const letters = Array.from({ length: channels }, (_, each) => editOf(edits, each));
  if (tool === "alone") {
    const alone = letters.map((_, each): Edit => (each === channel ? "k" : "z"));
    return shortest(alone.every((edit, each) => edit === letters[each]) ? [] : alone);
  }
  const edit = tool === "zero" ? "z" : "f";
  letters[channel] = letters[channel] === edit ? "k" : edit;
  return shortest(letters);
}

const shortest = (letters: readonly Edit[]): string => letters.join("").replace(/k+$/, "");

const factors: Readonly<Record<Edit, number>> = { k: 1, z: 0, f: -1 };

/** @param latents [1, C, h, w] */
export function edited(latents: Tensor<"float32">, edits: string): Tensor<"float32"> {
  const [, channels = 0] = latents.shape;
  const size = latents.size / channels;
  const data = latents.data.map((value, i) => value * factors[editOf(edits, Math.floor(i / size))]);
  return Tensor.from(data, latents.shape);
}
