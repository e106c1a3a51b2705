/**
 * Texts of strangers for people to read, as vaekit's own messages show them: names of files and tensors may hold what
 * steers a terminal, or go on without end.
 */
import { checkValue, optionKinds } from "../util/check-options.ts";
import * as text from "../util/printable.ts";

/** Whatever terminals and browsers obey instead of showing it spelled out, as `\u001b`; line feeds stay. */
export const printable = ofText("printable", text.printable);

/** The same, with `\n` for line feeds: for text that is a part of a line. */
export const oneLine = ofText("oneLine", text.oneLine);

/** A name from a file: as it is where it is plain, else quoted and shortened, so that it cannot pass for other words. */
export const shownName = ofText("shownName", text.shownName);

/** A whole message on one line, at most about 2000 characters; of long words, a part is left. */
export const messageText = ofText("messageText", text.messageText);

/** The first 100 characters at most: the beginning and an ellipsis. */
export const shorten = ofText("shorten", (value) => text.shorten(value));

function ofText(name: string, show: (text: string) => string): (text: string) => string {
  return (value) => {
    checkValue(name, value, optionKinds.text);
    return show(value);
  };
}
