// A box: how it is made, moved and stretched. No function changes the box that it is given.

import { clamp, isShare, round, within } from "./geometry.js";

export const byPoints = false;
const LEAST = 1e-3; // of the picture's side: a box that is smaller by key or by hand would be lost
const EDGES = [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [0.5, 1], [0, 1], [0, 0.5]];

export const fits = (box) => [box?.x, box?.y, box?.width, box?.height].every(isShare) && box.width > 0 && box.height > 0;

// The right and lower edges are rounded, not the sizes: a box that ends at the edge of the picture ends there.
function made(label, left, top, right, bottom) {
  const [x, y] = [round(clamp(left, 0, 1 - LEAST)), round(clamp(top, 0, 1 - LEAST))];
  const width = round(clamp(right, x + LEAST, 1) - x);
  const height = round(clamp(bottom, y + LEAST, 1) - y);
  return { x, y, width, height, label };
}

export const between = ([x1, y1], [x2, y2], label) =>
  made(label, Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2));

export const inMiddle = (label) => made(label, 0.4, 0.4, 0.6, 0.6);

export const corners = ({ x, y, width, height }) => [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];

// Corners and the middles of edges, from the upper left one clockwise.
export const handles = ({ x, y, width, height }) => EDGES.map(([right, down]) => [x + right * width, y + down * height]);

export const ghosts = () => [];

// The box with a handle at a point: what is opposite stays.
export function dragged(box, handle, [x, y]) {
  const [across, down] = EDGES[handle];
  const [right, bottom] = [box.x + box.width, box.y + box.height];
  const xs = across === 0.5 ? [box.x, right] : [x, across ? box.x : right];
  const ys = down === 0.5 ? [box.y, bottom] : [y, down ? box.y : bottom];
  return between([xs[0], ys[0]], [xs[1], ys[1]], box.label);
}

export function moved(box, dx, dy) {
  const [right, down] = within(corners(box), dx, dy);
  return { ...box, x: round(box.x + right), y: round(box.y + down) };
}

// The right lower corner goes; the left upper one stays.
export const grown = (box, dx, dy) => made(box.label, box.x, box.y, box.x + box.width + dx, box.y + box.height + dy);
