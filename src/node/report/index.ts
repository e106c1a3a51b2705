/** `vaekit/report` in Node: what every platform has, and round trips that are measured. */
export * from "../../report/public.ts";
export {
  measureRoundtrip,
  roundtripReportPicture,
  type RoundtripInput,
  type RoundtripMeasures,
  type RoundtripOptions,
  type RoundtripResult,
} from "./roundtrip.ts";
