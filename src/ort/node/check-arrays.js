/**
 * Whether arrays are what a session's results need: ONNX Runtime writes where it is told to. Plain JavaScript, as is the worker that
 * uses it.
 */

/** @typedef {import("onnxruntime-node").Tensor} Tensor */
/** @typedef {import("../../runtime/node/protocol.ts").OutputType} OutputType */

/**
 * @param {Readonly<Record<string, Tensor>>} arrays
 * @param {Readonly<Record<string, OutputType>>} types of all outputs of the graph
 */
export function checkArrays(arrays, types) {
  for (const [name, { dtype, shape }] of Object.entries(types)) {
    const array = arrays[name];
    const size = shape.reduce((product, length) => product * length, 1);
    const fits =
      array !== undefined &&
      array.type === dtype &&
      array.data.length === size &&
      array.dims.length === shape.length &&
      shape.every((length, axis) => array.dims[axis] === length);
    if (fits) continue;
    const found = array === undefined ? "none" : `${array.type} [${array.dims.join(", ")}]`;
    throw new Error(`result ${name}: expected an array of ${dtype} [${shape.join(", ")}], found ${found}`);
  }
  const strange = Object.keys(arrays).find((name) => !(name in types));
  if (strange !== undefined) throw new Error(`result ${strange}: the graph has no such output`);
}
