// Polygons on a picture: [{points: [[x, y], ...], label}], fractions of its size from the upper left corner.

import { drawing } from "../shapes/drawing.js";
import * as polygon from "../shapes/polygon.js";

export const mount = (question, page) => drawing(question, page, polygon);
