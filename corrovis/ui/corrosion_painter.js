// The ageing formula of corrovis/car/ageing.py, for one photo, in typed arrays.  A pixel's colour depends on its age alone,
// age = level - onset, and stands still outside of (-ramp, max(ramp, youth)): so pixels are sorted by onset once, and a step
// of the slider repaints only the band whose age crosses that interval.
class Painter {
  // photo, layer, control: Uint32Array of RGBA pixels as canvases give them (little-endian: red is the lowest byte).
  constructor(width, height, photo, layer, control, constants) {
    this.constants = constants;
    this.lasting = Math.max(constants.ramp, constants.youth);
    this.level = 0;
    this.frame = new ImageData(width, height);
    this.pixels = new Uint32Array(this.frame.data.buffer);
    this.pixels.set(photo);
    this.sort(photo, layer, control);
    this.frameBox(width);
  }

  // Counting sort of everything paintable: this.starts[o] is the first rank with onset o.
  sort(photo, layer, control) {
    const starts = new Uint32Array(65537);
    for (let k = 0; k < control.length; k++) {
      const c = control[k];
      if (c & 0xff0000) starts[(((c & 255) << 8) | ((c >> 8) & 255)) + 1]++;
    }
    for (let o = 0; o < 65536; o++) starts[o + 1] += starts[o];
    const n = starts[65536];
    this.starts = starts;
    this.place = new Uint32Array(n);
    this.photo = new Uint32Array(n);
    this.layer = new Uint32Array(n);
    this.paint = new Uint8Array(n);
    const next = starts.slice();
    for (let k = 0; k < control.length; k++) {
      const c = control[k];
      if (!(c & 0xff0000)) continue;
      const rank = next[((c & 255) << 8) | ((c >> 8) & 255)]++;
      this.place[rank] = k;
      this.photo[rank] = photo[k];
      this.layer[rank] = layer[k];
      this.paint[rank] = (c >> 16) & 255;
    }
    this.weights = new Float64Array(65537); // paint that begins to rust before onset o
    for (let o = 0; o < 65536; o++) {
      let sum = this.weights[o];
      for (let rank = starts[o]; rank < starts[o + 1]; rank++) sum += this.paint[rank];
      this.weights[o + 1] = sum;
    }
  }

  // Only this rectangle ever changes on the canvas.
  frameBox(width) {
    let left = width, right = -1, top = Infinity, bottom = -1;
    for (const k of this.place) {
      const y = (k / width) | 0, x = k - y * width;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
    this.box = right < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
  }

  // Share of the paintable area that is more than half rust, 0 to 1: rust_fraction() of ageing.py.
  share(level) {
    const total = this.weights[65536];
    return total ? this.weights[Math.min(65536, Math.floor(level / this.constants.unit) + 1)] / total : 0;
  }

  // Bring the frame from its level to another; returns how many pixels were repainted.
  to(level) {
    const { unit, ramp, youth, gain } = this.constants;
    const first = Math.max(0, Math.ceil((Math.min(level, this.level) - this.lasting) / unit));
    const last = Math.min(65535, Math.floor((Math.max(level, this.level) + ramp) / unit));
    this.level = level;
    const { starts, place, photo, layer, paint, pixels } = this;
    for (let onset = first; onset <= last; onset++) {
      const end = starts[onset + 1];
      let rank = starts[onset];
      if (rank === end) continue;
      const age = level - onset * unit;
      const share = smoothstep(-ramp, ramp, age) / 255;
      const young = 1 - smoothstep(0, youth, age);
      const red = 1 + young * (gain[0] - 1), green = 1 + young * (gain[1] - 1), blue = 1 + young * (gain[2] - 1);
      for (; rank < end; rank++) {
        const a = share * paint[rank], p = photo[rank], r = layer[rank];
        const pr = p & 255, pg = (p >> 8) & 255, pb = (p >> 16) & 255;
        const rr = Math.min(255, (r & 255) * red);
        const rg = Math.min(255, ((r >> 8) & 255) * green);
        const rb = Math.min(255, ((r >> 16) & 255) * blue);
        pixels[place[rank]] =
          0xff000000 | ((pb + a * (rb - pb) + 0.5) << 16) | ((pg + a * (rg - pg) + 0.5) << 8) | (pr + a * (rr - pr) + 0.5);
      }
    }
    return last < first ? 0 : starts[last + 1] - starts[first];
  }
}

function smoothstep(low, high, value) {
  const x = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return x * x * (3 - 2 * x);
}
