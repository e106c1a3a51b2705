export type { Blocks } from "./blocked-convolutions.ts";
export type { BlockedLayout } from "./blocked-writer.ts";
export { ortDialect, type OrtForms } from "./dialect.ts";
export { blockSizeProbe, groupsProbe, type LayoutProbe } from "./layout-probes.ts";
export { unreturnedOutput } from "./unreturned-name.js";
