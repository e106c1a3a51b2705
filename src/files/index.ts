/** What files hold, read on any runtime. */
export { headBytes, identifyContent, type ContentKind } from "./content-kind.ts";
export type { FileProgress } from "./file-progress.ts";
export { findNumberThatIsNoCount } from "./json-scan.ts";
export { jsonLimits, parseJson, type JsonLimits, type ParseJsonOptions } from "./json.ts";
