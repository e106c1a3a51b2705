/**
 * One arena for the temporaries of all sessions that work in workspaces. The sessions of strips run one after the other and each
 * takes and frees what the others did; from the system's allocator they got it in pieces: the heap of a process grew to several
 * times of what it needed at once, and faulted it in again and again. ONNX Runtime has such an arena, but its package for Node has
 * no way to ask for it: this calls its C interface. Plain JavaScript, as is the worker that uses it.
 *
 * @see https://onnxruntime.ai/docs/get-started/with-c.html#share-allocators-between-sessions
 */
import { readFileSync } from "node:fs";

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

/**
 * Registers the arena with ONNX Runtime, which has to be loaded. Does nothing where there is no way to call its C interface: then
 * every session has memory of its own, a process holds more of it, and everything else is the same.
 *
 * @returns {Promise<boolean>} whether sessions can use it
 */
export async function registerSharedArena() {
  if (process.platform !== "linux") return false;
  try {
    const { default: koffi } = await import("koffi");
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
    const base = /** @type {unknown} */ (koffi.load(loadedLibrary()).func("void *OrtGetApiBase()")());
    const [getApi] = pointersAt(base, 1);
    const api = call(getApi, ["uint32_t"], interfaceVersion);
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
    return call(register, types, environment, memory, configuration) === null;
  } catch {
    // A platform for which koffi has no binary, or another build of ONNX Runtime.
    return false;
  }
}

/** The path of the library in this process, wherever the package keeps it. */
function loadedLibrary() {
  const found = /\/.*\/libonnxruntime\.so.*/.exec(readFileSync("/proc/self/maps", "utf8"));
  if (found === null) throw new Error("ONNX Runtime is not loaded");
  return found[0];
}
