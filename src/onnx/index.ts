export { encodeModel, type Placement } from "./encode-model.ts";
