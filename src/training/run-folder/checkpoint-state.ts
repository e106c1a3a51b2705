/** `state.json` of a checkpoint: everything of a run that is no tensor, and how to tell that the tensors are whole. */
import { createHash } from "node:crypto";
import { VaekitError } from "../../errors.ts";
import { parseJson } from "../../files/index.ts";
import { canonicalJson, isJsonObject, type JsonValue } from "./canonical-json.ts";
import { quote } from "../../util/printable.ts";

/** The file of every tensor, and that of everything else. */
export const tensorsFile = "state.safetensors";
export const stateFile = "state.json";

/** Counts up when a reader of before could misread what is written now. */
const formatVersion = 1;

/** What state.json holds. */
export interface CheckpointState {
  readonly step: number;
  readonly fingerprint: JsonValue;
  readonly state: JsonValue;
  /** What state.safetensors must be. */
  readonly tensors: { readonly byteLength: number; readonly sha256: string };
}

/** The text of state.json. It ends with its own checksum, so that one changed character shows. */
export function encodeState({ step, fingerprint, state, tensors }: CheckpointState): string {
  const content = {
    format: "vaekit-checkpoint",
    version: formatVersion,
    step,
    fingerprint,
    state,
    tensors: { file: tensorsFile, byteLength: tensors.byteLength, sha256: tensors.sha256 },
  };
  return canonicalJson({ content, sha256: checksum(content) }, "checkpoint");
}

function checksum(content: JsonValue): string {
  return createHash("sha256").update(canonicalJson(content, "checkpoint")).digest("hex");
}

/**
 * Reads the text of state.json.
 *
 * @throws INVALID_FILE when it is damaged; UNSUPPORTED when a later vaekit wrote it.
 */
export function parseState(text: string, path: string): CheckpointState {
  const invalid = (message: string, cause?: unknown): VaekitError =>
    new VaekitError("INVALID_FILE", `${path}: ${message}`, { cause });
  let json: JsonValue;
  try {
    json = parseJson(text, { name: path }) as JsonValue;
  } catch (error) {
    throw invalid("the file is damaged: it is not JSON.", error);
  }
  const content = isJsonObject(json) ? json.content : undefined;
  if (content === undefined || !isJsonObject(content) || content.format !== "vaekit-checkpoint") {
    throw invalid("expected the state of a vaekit checkpoint, found other JSON.");
  }
  if (content.version !== formatVersion) {
    throw new VaekitError(
      "UNSUPPORTED",
      `${path}: expected a checkpoint of format ${formatVersion}, found ${quote(content.version)}; use a newer vaekit.`,
    );
  }
  // Equal content has one text only, so this also notices what changed outside of `content`.
  if (canonicalJson({ content, sha256: checksum(content) }, "checkpoint") !== text) {
    throw invalid("the file is damaged: its checksum does not fit its content.");
  }
  // The checksum holds, so it is what encodeState wrote.
  return content as unknown as CheckpointState;
}
