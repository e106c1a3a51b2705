/** The one line that makes the toy class known, for a program that is started with it. */
import { registerModel } from "../../src/models/index.ts";
import { toyModel } from "./graph.ts";

registerModel(toyModel);
