/**
 * One arena for the temporaries of all sessions that work in workspaces. The sessions of strips run one after the other and each
 * takes and frees what the others did; from the system's allocator they got it in pieces: the heap of a process grew to several
 * times of what it needed at once, and faulted it in again and again. ONNX Runtime has such an arena, but its package for Node has
 * no way to ask for it: this calls its C interface. Plain JavaScript, as is the worker that uses it.
 *
 * @see https://onnxruntime.ai/docs/get-started/with-c.html#share-allocators-between-sessions
 */
import { readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { fromSharedArena, joinExtras } from "../session-extras.js";
import { loadKoffi } from "./koffi.js";

/** A type by its name in C, or one through which a function gives a result. */
/** @typedef {string | ReturnType<typeof import("koffi").out>} TypeSpec */

/** Where functions stand in the table of the C interface, of which what is there never moves (onnxruntime_c_api.h). */
const places = {
  createEnv: 3,
  createCpuMemoryInfo: 69,
  createAndRegisterAllocator: 144,
  createArenaCfg: 156,
};
/** The version of the interface that has all of them. */
const interfaceVersion = 6;

const levelFatal = 4;
const typeArena = 1;
const defaultMemory = 0;
/** The arena grows by a power of two, so that what is freed lies together. */
const growth = { mostBytes: 0, byPowersOfTwo: 0, firstBytes: -1 };
/** The rest of a block is another block if it is larger than this. */
const leastRestBytes = 4096;

/** Asked for once in a thread. @type {Promise<void> | undefined} */
let registered;

/** @typedef {import("onnxruntime-node").InferenceSession.SessionOptions} SessionOptions */

/**
 * @param {SessionOptions} options
 * @returns {Promise<SessionOptions>} with temporaries from the arena of all such sessions; rejects with why there is none
 */
export async function inSharedArena({ extra, ...options }) {
  await (registered ??= Promise.resolve().then(registerSharedArena));
  return { ...options, enableCpuMemArena: true, extra: joinExtras(extra ?? {}, fromSharedArena) };
}

/**
 * Registers the arena with ONNX Runtime, which has to be loaded. Throws where there is no way to call its C interface, or where it is
 * not certain what would be called: then every session has memory of its own, a process holds more of it, and everything else is the
 * same.
 */
export function registerSharedArena() {
  if (process.platform !== "linux") throw new Error(`not on ${process.platform}`);
  const koffi = loadKoffi();
  if (koffi === undefined) throw new Error("the package koffi is not installed");
  /** @type {(address: unknown, count: number) => unknown[]} */
  const pointersAt = (address, count) => {
    const pointers = /** @type {unknown} */ (koffi.decode(address, koffi.array("void *", count)));
    return /** @type {unknown[]} */ (pointers);
  };
  /** @type {(address: unknown, types: TypeSpec[], ...values: unknown[]) => unknown} */
  const call = (address, types, ...values) => {
    const type = koffi.proto("void *", types);
    return /** @type {unknown} */ (koffi.call(address, type, ...values));
  };
  const library = loadedLibrary();
  const base = /** @type {unknown} */ (koffi.load(library.path).func("void *OrtGetApiBase()")());
  const [getApi, getVersion] = pointersAt(base, 2);
  const version = /** @type {unknown} */ (koffi.call(getVersion, koffi.proto("str", [])));
  if (version !== library.version)
    throw new Error(`the library says that it is ${String(version)}, the package ${library.version}`);
  const api = call(getApi, ["uint32_t"], interfaceVersion);
  if (api === null) throw new Error("ONNX Runtime has no C interface of this version");
  const functions = pointersAt(api, places.createArenaCfg + 1);
  /**
   * Calls a function that gives what it makes through its last argument, and a status, which is null for success.
   * @type {(place: number, types: TypeSpec[], ...values: unknown[]) => unknown}
   */
  const make = (place, types, ...values) => {
    const made = [null];
    const status = call(functions[place], [...types, koffi.out("void **")], ...values, made);
    if (status !== null) throw new Error("ONNX Runtime refused");
    return made[0];
  };
  // There is one environment in a process: this gives the one in which sessions are made.
  const environment = make(places.createEnv, ["int", "str"], levelFatal, "vaekit");
  const memory = make(places.createCpuMemoryInfo, ["int", "int"], typeArena, defaultMemory);
  const { mostBytes, byPowersOfTwo, firstBytes } = growth;
  const sizes = [mostBytes, byPowersOfTwo, firstBytes, leastRestBytes];
  const configuration = make(places.createArenaCfg, ["size_t", "int", "int", "int"], ...sizes);
  const types = ["void *", "void *", "void *"];
  const register = functions[places.createAndRegisterAllocator];
  const status = call(register, types, environment, memory, configuration);
  if (status !== null) throw new Error("ONNX Runtime refused");
}

/**
 * The library that the package onnxruntime-node brings, and its version. A process may have others: of another copy of the package, or of
 * the system. Then it is not certain which one a session is made in, and none is called.
 */
function loadedLibrary() {
  const description = realpathSync(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  const maps = readFileSync("/proc/self/maps", "utf8");
  const loaded = [...new Set(maps.match(/\/.*\/libonnxruntime\.so.*/g) ?? [])];
  const [path] = loaded;
  if (path === undefined) throw new Error("ONNX Runtime is not loaded");
  if (loaded.length > 1) throw new Error(`several libraries are loaded: ${loaded.join(" and ")}`);
  const folder = join(dirname(description), "bin") + sep;
  if (!path.startsWith(folder))
    throw new Error(`the library that is loaded is ${path}, not one in ${folder}`);
  /** @type {unknown} */
  const json = JSON.parse(readFileSync(description, "utf8"));
  const { version } = /** @type {{ version: string }} */ (json);
  // What stands after the numbers of a version is known to the package only.
  return { path, version: version.replace(/-.*/, "") };
}
