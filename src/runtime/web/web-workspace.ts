/** A workspace in JavaScript's memory, which the WebAssembly runtime copies from and to. */
import { VaekitError } from "../../errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { JoinedRegions, Region, Workspace, WorkspaceOptions, WorkspaceStep } from "../runtime.ts";

export class WebWorkspace implements Workspace {
  #memory: Float32Array<ArrayBuffer>;

  constructor({ size, fileSize = 0 }: WorkspaceOptions) {
    if (fileSize > 0) {
      const message =
        "exact tiling: the picture needs a temporary file, which this platform does not have; allow more memory.";
      throw new VaekitError("UNSUPPORTED", message);
    }
    this.#memory = new Float32Array(size);
  }

  async execute(
    steps: readonly WorkspaceStep[],
    options: { signal?: AbortSignal } = {},
  ): Promise<Record<string, Tensor>> {
    const read: Record<string, Tensor> = {};
    for (const step of steps) {
      switch (step.kind) {
        case "run": {
          const inputs = mapValues(step.inputs, (region) => Tensor.from(this.#input(region), region.shape));
          const results = await step.session.run(inputs, options);
          for (const [name, region] of Object.entries(step.outputs)) {
            this.#view(region).set(results[name]!.data as Float32Array);
          }
          break;
        }
        case "write":
          this.#view(step.region).set(step.data);
          break;
        case "read":
          read[step.name] = Tensor.from(this.#view(step.region).slice(), step.region.shape);
          break;
        case "store":
        case "load":
          throw new VaekitError("UNSUPPORTED", "workspace: this platform has no temporary file.");
      }
    }
    return read;
  }

  dispose(): Promise<void> {
    this.#memory = new Float32Array(0);
    return Promise.resolve();
  }

  #input(region: Region | JoinedRegions): Float32Array<ArrayBuffer> {
    if ("offset" in region) return this.#view(region);
    const joined = new Float32Array(sizeOf(region.shape));
    let end = 0;
    for (const { offset, size } of region.parts) {
      joined.set(this.#memory.subarray(offset, offset + size), end);
      end += size;
    }
    return joined;
  }

  #view({ offset, shape }: Region): Float32Array<ArrayBuffer> {
    return this.#memory.subarray(offset, offset + sizeOf(shape));
  }
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
