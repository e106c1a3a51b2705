/** Whom a model tells what is odd but no error. */
import { messageText } from "../util/printable.ts";
import type { RuntimeOptions } from "./opening-options.ts";

export function warner({ onWarning }: Pick<RuntimeOptions, "onWarning">): (message: string) => void {
  return (
    onWarning ??
    ((message) => {
      process.emitWarning(messageText(message), "VaekitWarning");
    })
  );
}
