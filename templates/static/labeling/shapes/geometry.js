// What boxes and polygons have in common. Points are [x, y], fractions of the picture's size; a millionth of it is the
// finest step that is kept.

export const round = (share) => Math.round(share * 1e6) / 1e6;
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const onPicture = ([x, y]) => [round(clamp(x, 0, 1)), round(clamp(y, 0, 1))];
export const isShare = (value) => typeof value === "number" && value >= 0 && value <= 1;

// {left, right, top, bottom} around points.
export function bounds(points) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

export function area(points) {
  const doubled = points.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(doubled) / 2;
}

// Whether a point lies within an outline: an odd number of its edges is to the right of it.
export function contains(points, [x, y]) {
  return points.reduce((inside, [x1, y1], index) => {
    const [x2, y2] = points[(index + 1) % points.length];
    const meets = y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1;
    return meets ? !inside : inside;
  }, false);
}

// A move cut short at the edge of the picture.
export function within(points, dx, dy) {
  const { left, right, top, bottom } = bounds(points);
  return [clamp(dx, -left, 1 - right), clamp(dy, -top, 1 - bottom)];
}

const side = ([ax, ay], [bx, by], [x, y]) => Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
const cross = (a, b, c, d) => side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;

// Whether an outline crosses itself, for a word in time; the server looks again (projects/schemas/crossing.py).
export function crosses(points) {
  const edges = points.map((point, index) => [point, points[(index + 1) % points.length]]);
  return edges.some(([a, b], index) => edges.slice(index + 2).some(([c, d]) => cross(a, b, c, d)));
}
