/** What `vaekit/node` and `vaekit/tune` are where there is no Node: no names, so that a program that uses one does not compile. */
import { VaekitError } from "../errors.ts";

const message =
  "vaekit/node and vaekit/tune need Node. In a browser, import vaekit; a bundle for Node needs the condition `node`.";

throw new VaekitError("UNSUPPORTED", message);
