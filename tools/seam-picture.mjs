/** The picture that shows seams: a smooth, dark gradient with one bright corner. test/strips and bench/seams.mjs use it. */

/** How dark the gradient is at the top left, and how much brighter it becomes to the right and downwards; by channel. */
const channels = [
  { start: -0.75, right: 0.5, down: 0.2 },
  { start: -0.65, right: 0.3, down: 0.4 },
  { start: -0.45, right: 0.1, down: 0.5 },
];
/** Of the bright corner, as a share of the picture's sides. */
const radius = 0.22;

/**
 * Every tile but the ones at the top right holds little contrast; normalised on its own, each gets another tone.
 *
 * @param {number} height
 * @param {number} width
 * @returns {Float32Array} [1, 3, height, width], values in [-1, 1].
 */
export function seamPicture(height, width) {
  const data = new Float32Array(channels.length * height * width);
  channels.forEach(({ start, right, down }, channel) => {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const gradient = start + (right * x) / width + (down * y) / height;
        const brightness = Math.exp(-((Math.hypot(1 - x / width, y / height) / radius) ** 4));
        data[(channel * height + y) * width + x] = gradient + (1 - gradient) * brightness;
      }
    }
  });
  return data;
}
