/** What the hub's refusals mean to a user, on any platform. No message repeats a token, or text of the hub's. */
import { VaekitError } from "../errors.ts";
import { quote } from "../util/printable.ts";

/** What was asked of the hub. */
export interface HubQuestion {
  readonly id: string;
  /** The hub's address. */
  readonly endpoint: string;
  readonly revision: string;
  readonly subfolder?: string | undefined;
  readonly token?: string | undefined;
}

/** An answer that refuses. */
export interface HubRefusal {
  readonly status: number;
  /** Its X-Error-Code. */
  readonly errorCode: string | null;
  /** By which way the hub was asked, for messages. @default "" */
  readonly way?: string;
}

/** How users of a platform say what is wrong. */
export interface HubRemedies {
  /** As in "Check the id, or set HF_TOKEN." */
  readonly giveToken: string;
  /** As in "Accept its terms, then set HF_TOKEN to a token of that account." */
  readonly giveOwnToken: string;
  /** As in "the token was refused. Check HF_TOKEN." */
  readonly renewToken: string;
  /** What names the hub's address: "HF_ENDPOINT". */
  readonly endpoint: string;
}

/** The hub could not be reached or broke down: a cached copy may stand in. */
export class HubUnreachableError extends VaekitError {}

/** The error for an answer that refuses. */
export function refusalOf(
  { id, endpoint, revision, subfolder, token }: HubQuestion,
  { status, errorCode, way = "" }: HubRefusal,
  remedies: HubRemedies,
): VaekitError {
  const { giveToken, renewToken } = remedies;
  const where = `${id}: the hub at ${endpoint} answered ${status}${way}`;
  if (status === 404) {
    return new VaekitError(
      "NOT_FOUND",
      `${where}: ${absence({ revision, subfolder, errorCode, giveToken })}`,
    );
  }
  if (errorCode === "GatedRepo" || status === 403) {
    const remedy =
      token === undefined
        ? `Accept its terms at ${endpoint}/${id}, then ${remedies.giveOwnToken}.`
        : `Accept its terms at ${endpoint}/${id} with the account of your token, which must be allowed to read it.`;
    return new VaekitError("HUB", `${where}: the model is gated or closed to you. ${remedy}`);
  }
  if (status === 401) {
    // The hub does not tell strangers whether a private model exists.
    const remedy =
      token === undefined
        ? `no such model, or it is private or gated. Check the id, or ${giveToken}.`
        : `the token was refused. ${renewToken}`;
    return new VaekitError("HUB", `${where}: ${remedy}`);
  }
  if (status === 429 || status >= 500) {
    const fault = status === 429 ? "too many requests" : "the hub's own fault";
    return new HubUnreachableError("HUB", `${where}: ${fault}. Try again later (revision ${revision}).`);
  }
  return new VaekitError(
    "HUB",
    `${where}. Check the id, the revision (${revision}) and ${remedies.endpoint}.`,
  );
}

function absence(asked: {
  readonly revision: string;
  readonly subfolder: string | undefined;
  readonly errorCode: string | null;
  readonly giveToken: string;
}): string {
  const { revision, subfolder, errorCode, giveToken } = asked;
  if (errorCode === "RevisionNotFound") return `no revision "${revision}". Check the branch, tag or commit.`;
  if (errorCode === "EntryNotFound") {
    return `no such file or folder (subfolder ${quote(subfolder ?? "")}). Check the subfolder.`;
  }
  return `no such model or it is private; check the id, or ${giveToken}.`;
}
