/** A workspace in the runtime's thread: one array, out of which sessions read and into which they write. */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { Tensor } from "onnxruntime-node";
import { runInto } from "./run-into.js";

/** @typedef {import("onnxruntime-node").InferenceSession} InferenceSession */
/** @typedef {import("../runtime.ts").Region} Region */
/** @typedef {import("./protocol.ts").StepMessage} StepMessage */
/** @typedef {import("./protocol.ts").TensorMessage} TensorMessage */

/** Reading or writing the temporary file failed. */
export class FileError extends Error {}

const bytesPerElement = 4;

export class WorkerWorkspace {
  /** @type {Float32Array<ArrayBuffer>} */
  #memory;
  /** @type {number | undefined} */
  #file;

  /**
   * @param {number} size elements
   * @param {string | undefined} folder where the temporary file goes; none is made when undefined
   */
  constructor(size, folder) {
    this.#memory = new Float32Array(size);
    this.#file = folder === undefined ? undefined : openTemporary(folder);
  }

  /**
   * @param {readonly StepMessage[]} steps
   * @param {ReadonlyMap<number, { session: InferenceSession }>} sessions
   * @param {() => void} beforeStep may throw, and ends the work so
   */
  async execute(steps, sessions, beforeStep) {
    /** @type {Record<string, TensorMessage>} */
    const read = {};
    for (const step of steps) {
      beforeStep();
      switch (step.kind) {
        case "run": {
          const prepared = sessions.get(step.session);
          if (prepared === undefined) throw new Error("the session was disposed");
          await runInto(prepared.session, this.#tensors(step.inputs), this.#tensors(step.outputs));
          break;
        }
        case "write":
          this.#view(step.region).set(step.data);
          break;
        case "read":
          read[step.name] = {
            dtype: "float32",
            data: this.#view(step.region).slice(),
            shape: step.region.shape,
          };
          break;
        case "store":
          this.#transfer(writeSync, step.region, step.position);
          break;
        case "load":
          this.#transfer(readSync, step.region, step.position);
          break;
      }
    }
    return read;
  }

  dispose() {
    this.#memory = new Float32Array(0);
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** @param {Region} region */
  #view({ offset, shape }) {
    const size = shape.reduce((product, length) => product * length, 1);
    return this.#memory.subarray(offset, offset + size);
  }

  /** @param {Readonly<Record<string, Region>>} regions */
  #tensors(regions) {
    return Object.fromEntries(
      Object.entries(regions).map(([name, region]) => [
        name,
        new Tensor("float32", this.#view(region), region.shape),
      ]),
    );
  }

  /**
   * @param {(file: number, bytes: Uint8Array, offset: number, length: number, position: number) => number} move
   * moves some bytes and says how many
   * @param {Region} region
   * @param {number} position in elements
   */
  #transfer(move, region, position) {
    if (this.#file === undefined) throw new FileError("The workspace has no temporary file.");
    const { buffer, byteOffset, byteLength } = this.#view(region);
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    let done = 0;
    while (done < byteLength) {
      const count = attempt(() =>
        move(
          /** @type {number} */ (this.#file),
          bytes,
          done,
          byteLength - done,
          position * bytesPerElement + done,
        ),
      );
      if (count === 0) throw new FileError("The temporary file ended early; was it changed from outside?");
      done += count;
    }
  }
}

/**
 * A file without a name: it is gone when it is closed, and also when the program is killed.
 * @param {string} folder
 */
function openTemporary(folder) {
  const path = join(folder, `vaekit-${randomUUID()}.tmp`);
  return attempt(() => {
    const file = openSync(path, "wx+");
    unlinkSync(path);
    return file;
  });
}

/**
 * @template T
 * @param {() => T} action
 * @returns {T}
 */
function attempt(action) {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileError(
      `Temporary file: ${reason}. Choose another folder for temporary files, or allow more memory.`,
    );
  }
}
