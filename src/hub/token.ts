/** Access tokens of the hub, as users paste them. No message repeats one. */
import { VaekitError } from "../errors.ts";

/**
 * @param token without line breaks and surrounding blanks.
 * @param remedy for the message: where the token comes from.
 * @returns the token; undefined for an empty one.
 * @throws HUB if a header cannot carry it
 */
export function checkToken(token: string, remedy: string): string | undefined {
  if (!/^[\x20-\x7e]*$/.test(token)) {
    throw new VaekitError(
      "HUB",
      `Token: expected the letters, digits and signs of a token such as hf_…, found other characters. ${remedy}`,
    );
  }
  return token === "" ? undefined : token;
}
