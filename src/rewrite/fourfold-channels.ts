/**
 * Convolutions of 6, 9, 15, 18 … channels, which ONNX Runtime's WebGPU provider computes wrong. For the three channels of a picture it
 * has a kernel that reads three at once, and takes it for every multiple of three that is none of four, where results come in
 * fours; but what the kernel adds up is the first three.
 */
import type { NodeOf, Value } from "../graph/index.ts";
import type { RewriteRule } from "./rewriter.ts";

/** Adds channels of zeros, to the map and to the kernels, up to a multiple of four. */
export const fourfoldChannels: RewriteRule = (node, { builder, at }) => {
  if (node.operator !== "Conv" || !isMiscounted(node)) return undefined;
  const [x, kernel, ...bias] = node.inputs.map(at) as [Value, Value, ...Value[]];
  const ends = [0, 4 - (x.shape[1]! % 4), 0, 0];
  const wider = (value: Value): Value => builder.apply("Pad", [value], { begins: [0, 0, 0, 0], ends });
  return builder.apply("Conv", [wider(x), wider(kernel), ...bias], node.attributes);
};

function isMiscounted({ attributes: { group = 1 }, inputs }: NodeOf<"Conv">): boolean {
  const [[, channels, ...map], [outChannels, , ...kernel]] = inputs.map(({ shape }) => shape) as [
    number[],
    number[],
  ];
  const isOfThrees = channels! > 3 && channels! % 3 === 0 && channels! % 4 !== 0 && outChannels! % 4 === 0;
  return isOfThrees && group === 1 && map.length === 2 && kernel.some((side) => side > 1);
}
