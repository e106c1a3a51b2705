export { plainOnnx, type Dialect, type DialectWriter, type ModelSink } from "./dialect.ts";
export { encodeModel, type Placement, type PlacementBeside, type PlacementInside } from "./encode-model.ts";
export { int64s } from "./int64s.ts";
