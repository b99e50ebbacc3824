// A polygon: how it is made, moved and stretched, and its points. No function changes the polygon that it is given.

import { bounds, clamp, crosses, isShare, onPicture, within } from "./geometry.js";

export const byPoints = true;
const LEAST = 3;
const LEAST_SIDE = 1e-3;

const isPoint = (point) => Array.isArray(point) && point.length === 2 && point.every(isShare);
export const fits = ({ points } = {}) => Array.isArray(points) && points.length >= LEAST && points.every(isPoint);

export const through = (points, label) => ({ points: points.map(onPicture), label });
export const inMiddle = (label) => through([[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]], label);

export const corners = ({ points }) => points;
export const handles = corners;

// Where a point may be added: the middles of the edges, behind the point of the same number.
export const ghosts = ({ points }) =>
  points.map(([x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length];
    return [(x + nextX) / 2, (y + nextY) / 2];
  });

export const dragged = ({ points, label }, index, point) => through(points.with(index, point), label);
export const withPoint = ({ points, label }, index, point) => through(points.toSpliced(index + 1, 0, point), label);

// Without a point; null where too few would be left.
export const without = ({ points, label }, index) =>
  points.length > LEAST ? through(points.toSpliced(index, 1), label) : null;

export function moved({ points, label }, dx, dy) {
  const [right, down] = within(points, dx, dy);
  return through(points.map(([x, y]) => [x + right, y + down]), label);
}

// All of it, stretched from its left upper corner.
export function grown({ points, label }, dx, dy) {
  const { left, right, top, bottom } = bounds(points);
  const wide = clamp(right + dx, left + LEAST_SIDE, 1) - left;
  const high = clamp(bottom + dy, top + LEAST_SIDE, 1) - top;
  const [across, down] = [wide / (right - left || 1), high / (bottom - top || 1)];
  return through(points.map(([x, y]) => [left + (x - left) * across, top + (y - top) * down]), label);
}

export const isWrong = ({ points }) => crosses(points);
