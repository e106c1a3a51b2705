/**
 * Whether this machine has a Vulkan driver, asked before the WebGPU provider asks: its library, Dawn, writes lines of its own to
 * stderr where there is none, and has no switch for that. Plain JavaScript, as is the worker that uses it.
 */
import { Buffer } from "node:buffer";
import { loadKoffi } from "../../ort/node/koffi.js";

/** VkInstanceCreateInfo on 64-bit systems: its type's number, and zeros for no layers and no extensions. */
const createInfo = Buffer.alloc(64);
createInfo.writeInt32LE(1, 0);

/** Vulkan's own answer where its loader finds no driver: VK_ERROR_INCOMPATIBLE_DRIVER. */
const noDriver = -9;

/** Asked for once: drivers do not come while a program runs. @type {{ why: string | undefined } | undefined} */
let known;

/**
 * Why no WebGPU device can be had here, and what to do; undefined where one may be had, and where nobody can tell: on Windows and
 * macOS, which need no Vulkan, and without koffi, which is optional.
 *
 * @returns {string | undefined}
 */
export function missingVulkan() {
  known ??= { why: process.platform === "linux" ? findOut() : undefined };
  return known.why;
}

/** @returns {string | undefined} */
function findOut() {
  const koffi = loadKoffi();
  if (koffi === undefined) return undefined;
  try {
    const library = koffi.load("libvulkan.so.1");
    const create = library.func("int vkCreateInstance(const void *, const void *, _Out_ void **)");
    const destroy = library.func("void vkDestroyInstance(void *, const void *)");
    /** @type {unknown[]} */
    const instance = [null];
    const result = /** @type {unknown} */ (create(createInfo, null, instance));
    if (result === 0) destroy(instance[0], null);
    return result === noDriver
      ? "no Vulkan driver was found; install the one of the graphics processor, or a software driver"
      : undefined;
  } catch {
    return "libvulkan.so.1 was not found; install the Vulkan loader and the driver of the graphics processor";
  }
}
