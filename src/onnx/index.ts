export { elementsInBlocks } from "./blocked-convolutions.ts";
export { blockProbe, blockProbeInput, blockProbeModel, blockSizeIn } from "./block-size.ts";
export { encodeModel, type Placement } from "./encode-model.ts";
