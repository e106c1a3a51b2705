export { elementsInBlocks } from "./blocked-convolutions.ts";
export type { BlockedLayout } from "./blocked-writer.ts";
export { encodeModel, type Placement } from "./encode-model.ts";
export { blockSizeProbe, groupsProbe, type LayoutProbe } from "./layout-probes.ts";
