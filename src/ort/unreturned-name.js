/** The name of the output that ends a run. Plain JavaScript, as is the worker that uses it. */
export const unreturnedOutput = "unreturned";
