/** The little linear algebra that fits need, in doubles. */
export { solvePositive } from "./cholesky.ts";
export { eigenvectors, type Eigenvector } from "./eigenvectors.ts";
export { leastSquares } from "./least-squares.ts";
export { SymmetricMatrix } from "./symmetric-matrix.ts";
