/** What the bench compares: each mode is one way to run the same half of the same model, in a process of its own. */

/**
 * @typedef {"encode" | "decode"} Half
 *
 * @typedef {object} Mode
 * @property {string} name what --modes calls it
 * @property {string} label what the table calls it
 * @property {"vaekit" | "plain" | "diffusers" | "wasm-vaekit" | "wasm-plain"} kind
 * @property {"off" | "exact" | "auto"} [tiling]
 * @property {{ dtype: "float32" | "bfloat16", layout: "default" | "channels_last" }} [torch]
 * @property {number} [threads] where they are not those of --threads
 * @property {string} plain the mode that is the plain graph in the same runtime
 * @property {number} maxSide above this many pixels the working memory is that of a larger machine
 */

/** @type {(tiling: "off" | "exact" | "auto", label: string, maxSide: number) => Mode} */
const vaekit = (tiling, label, maxSide) => ({
  name: `vaekit-${tiling}`,
  label: `vaekit, ${label}`,
  kind: "vaekit",
  tiling,
  plain: "plain",
  maxSide,
});

/** @type {(dtype: "float32" | "bfloat16", layout: "default" | "channels_last") => Mode} */
const diffusers = (dtype, layout) => {
  const short = dtype === "float32" ? "fp32" : "bf16";
  const suffix = layout === "default" ? "" : "-channels-last";
  return {
    name: `diffusers-${short}${suffix}`,
    label: `diffusers ${short}${layout === "default" ? "" : ", channels_last"}`,
    kind: "diffusers",
    torch: { dtype, layout },
    plain: "plain",
    maxSide: 1024,
  };
};

/** @type {(kind: "vaekit" | "plain", threads: number) => Mode} */
const wasm = (kind, threads) => ({
  name: `wasm-${kind}-${threads}`,
  label: `WASM ${kind}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
  kind: `wasm-${kind}`,
  ...(kind === "vaekit" ? { tiling: "off" } : {}),
  threads,
  plain: `wasm-plain-${threads}`,
  maxSide: 256,
});

/** What other modes are compared with. */
export const diffusersBaseline = "diffusers-fp32";

/** @type {readonly Mode[]} */
export const modes = [
  vaekit("off", "at once", 1024),
  vaekit("exact", "exact", Infinity),
  vaekit("auto", "auto", Infinity),
  { name: "plain", label: "plain graph, ONNX Runtime", kind: "plain", plain: "plain", maxSide: 1024 },
  diffusers("float32", "default"),
  diffusers("float32", "channels_last"),
  diffusers("bfloat16", "default"),
  diffusers("bfloat16", "channels_last"),
  wasm("vaekit", 1),
  wasm("plain", 1),
  wasm("vaekit", 2),
  wasm("plain", 2),
];

/** Names that stand for several modes. */
export const groups = ["all", "vaekit", "diffusers", "wasm"];

/**
 * The modes of a list of names and groups, in the table's order.
 *
 * @param {readonly string[]} names
 */
export function modesNamed(names) {
  const fits = (/** @type {Mode} */ mode, /** @type {string} */ name) =>
    name === "all" || mode.name === name || (groups.includes(name) && mode.name.startsWith(`${name}-`));
  const unknown = names.find((name) => !modes.some((mode) => fits(mode, name)));
  if (unknown !== undefined) {
    const known = [...groups, ...modes.map(({ name }) => name)].join(", ");
    throw new Error(`--modes: expected names out of ${known}, found ${unknown}.`);
  }
  return modes.filter((mode) => names.some((name) => fits(mode, name)));
}
