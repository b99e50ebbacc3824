// Boxes on a picture: [{x, y, width, height, label}], fractions of its size from the upper left corner.

import * as box from "../shapes/box.js";
import { drawing } from "../shapes/drawing.js";

export const mount = (question, page) => drawing(question, page, box);
