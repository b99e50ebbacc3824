// A text as people see it and as the server counts it: an array of code points, so that an index is an offset of the
// answer. JavaScript's own strings count UTF-16 units, two for an emoji. Carets stop between graphemes and at words.

// [start, end, segment] in code points.
function* segments(string, granularity) {
  let at = 0;
  for (const part of new Intl.Segmenter(document.documentElement.lang || "en", { granularity }).segment(string)) {
    const start = at;
    at += [...part.segment].length;
    yield [start, at, part];
  }
}

export class Text {
  constructor(string) {
    this.points = [...string];
    this.length = this.points.length;
    this.stops = [];
    this.wordStarts = [];
    this.wordEnds = [];
    for (const [start] of segments(string, "grapheme")) this.stops.push(start);
    for (const [start, end, part] of segments(string, "word")) {
      if (!part.isWordLike) continue;
      this.wordStarts.push(start);
      this.wordEnds.push(end);
    }
  }

  slice(start, end) {
    return this.points.slice(start, end).join("");
  }

  before(offset, byWord) {
    return (byWord ? this.wordStarts : this.stops).findLast((stop) => stop < offset) ?? 0;
  }

  after(offset, byWord) {
    return (byWord ? this.wordEnds : this.stops).find((stop) => stop > offset) ?? this.length;
  }

  lineStart(offset) {
    return this.points.lastIndexOf("\n", offset - 1) + 1;
  }

  lineEnd(offset) {
    const end = this.points.indexOf("\n", offset);
    return end < 0 ? this.length : end;
  }
}
