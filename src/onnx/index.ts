export { elementsInBlocks } from "../ort/blocked-convolutions.ts";
export type { BlockedLayout } from "../ort/blocked-writer.ts";
export { encodeModel, type Placement } from "./encode-model.ts";
export { blockSizeProbe, groupsProbe, type LayoutProbe } from "../ort/layout-probes.ts";
