// Whether a question is asked: the same rule as on the server (projects/schemas/visibility.py), which has the last word.

const same = (one, other) => one === other;
const list = (value) => (Array.isArray(value) ? value : [value]);

// `given` is a Map of the answers to the questions before it that are asked.
export function isVisible(condition, given) {
  if (!condition) return true;
  const value = given.get(condition.question);
  if (value === undefined) return false;
  if ("is" in condition && !list(value).some((one) => list(condition.is).some((wanted) => same(one, wanted)))) return false;
  const { at_least: least = -Infinity, at_most: most = Infinity } = condition;
  if (!("at_least" in condition || "at_most" in condition)) return true;
  return typeof value === "number" && value >= least && value <= most;
}
