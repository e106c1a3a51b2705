/** Names that somebody typed, and the known names that they may have meant. */

/** No name of ours is near to a longer one; comparing it would only take time. */
const maxComparedLength = 64;

/** The candidate that differs from `wrong` in the fewest letters, if they are few; case and `-_ ` do not count. */
export function nearestName(wrong: string, candidates: readonly string[]): string | undefined {
  if (wrong.length > maxComparedLength) return undefined;
  const plain = (name: string): string => name.toLowerCase().replace(/[-_ ]/g, "");
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(plain(wrong), plain(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best === undefined || best.distance > Math.max(1, Math.floor(wrong.length / 3))) return undefined;
  return best.candidate;
}

/**
 * What to do about a name that is not known: `did you mean sample_size?` where one is near, else
 * `the keys are a, b and c.`
 *
 * @param kind what the candidates are, in the plural: "keys", "options".
 */
export function adviceForName(wrong: string, candidates: readonly string[], kind: string): string {
  const near = nearestName(wrong, candidates);
  return near === undefined ? `the ${kind} are ${joinNames(candidates, "and")}.` : `did you mean ${near}?`;
}

/** "a, b or c". */
export function joinNames(names: readonly string[], joint: "and" | "or" = "or"): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${joint} ${names.at(-1)!}`;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
