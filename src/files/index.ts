/** What files hold, read on any runtime. */
export { findNumberThatIsNoCount } from "./json-scan.ts";
export { jsonLimits, parseJson, type JsonLimits, type ParseJsonOptions } from "./json.ts";
