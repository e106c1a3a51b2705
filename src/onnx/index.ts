export { plainOnnx, type Dialect, type DialectWriter, type ModelSink } from "./dialect.ts";
export { encodeModel, type Placement } from "./encode-model.ts";
