/** Layers as people call them. */
import { formText, type Node } from "../graph/index.ts";

/** `a.b.conv2 + conv_shortcut` of layers, one or more. */
export function joinedNames(names: readonly string[]): string {
  const [first = "", ...rest] = names;
  const scope = first.slice(0, Math.max(0, first.lastIndexOf(".")));
  const short = (name: string): string =>
    name.startsWith(`${scope}.`) ? name.slice(scope.length + 1) : name;
  return [first, ...rest.map(short)].join(" + ");
}

/** How a node is computed, if that is worth a word. */
export function algorithmOf({ operator, attributes, inputs, labels }: Node): string | undefined {
  const { form } = labels?.convolution ?? {};
  if (form !== undefined) return formText(form);
  if (operator !== "Conv") return undefined;
  const [height, width] = inputs[1]!.shape.slice(2) as [number, number];
  const stride = attributes.strides[0] > 1 ? ` stride ${attributes.strides[0]}` : "";
  return `direct ${height}x${width}${stride}`;
}
