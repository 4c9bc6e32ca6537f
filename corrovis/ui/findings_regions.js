// Pixels in, regions out: what corrovis.sem.segmentation and corrovis.sem.regions do, for the threshold slider.

async function readPixels(uri, width, height) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  const context = sheet.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

// Connected regions of pixels of one class that are at least `at` strong, touching at sides or corners, of `least` pixels or more.
// `ids` holds each pixel's region, 0 for none; regions have id, class, area in pixels, score (mean strength) and circularity.
function labelRegions(strength, classOf, width, height, at, least) {
  const ids = new Int32Array(width * height), stack = new Int32Array(width * height), regions = [];
  for (let start = 0; start < ids.length; start++) {
    if (ids[start] || strength[start] < at) continue;
    const id = regions.length + 1, kind = classOf[start];
    let depth = 0, area = 0, sum = 0;
    stack[depth++] = start;
    ids[start] = id;
    while (area < depth) { // the stack keeps what was visited: a region too small is wiped with it
      const i = stack[area++], x = i % width;
      sum += strength[i];
      for (let dy = -width; dy <= width; dy += width) {
        for (let dx = x ? -1 : 0; dx <= (x < width - 1 ? 1 : 0); dx++) {
          const j = i + dy + dx;
          if (j < 0 || j >= ids.length || ids[j] || strength[j] < at || classOf[j] !== kind) continue;
          ids[j] = id;
          stack[depth++] = j;
        }
      }
    }
    if (area < least) for (let k = 0; k < area; k++) ids[stack[k]] = -1;
    else regions.push({ id, class: kind, area, score: sum / area / 255 });
  }
  for (let i = 0; i < ids.length; i++) if (ids[i] < 0) ids[i] = 0;
  addCircularity(ids, regions, width, height);
  return { ids, regions };
}

// 4 pi area / perimeter squared, the perimeter as scikit-image measures it (Benkrid and Crookes 2000).
function addCircularity(ids, regions, width, height) {
  const rim = new Uint8Array(ids.length), length = new Float64Array(regions.length + 1);
  for (let i = 0; i < ids.length; i++) {
    const x = i % width, id = ids[i];
    rim[i] = id && (!x || x === width - 1 || ids[i - 1] !== id || ids[i + 1] !== id || ids[i - width] !== id || ids[i + width] !== id) ? 1 : 0;
  }
  for (let i = 0; i < ids.length; i++) {
    if (!rim[i]) continue;
    const x = i % width, id = ids[i];
    const own = (dx, dy) => (x + dx >= 0 && x + dx < width && rim[i + dy * width + dx] && ids[i + dy * width + dx] === id ? 1 : 0);
    const kind = 1 + 2 * (own(-1, 0) + own(1, 0) + own(0, -1) + own(0, 1)) + 10 * (own(-1, -1) + own(1, -1) + own(-1, 1) + own(1, 1));
    length[id] += LENGTHS[kind] ?? 0;
  }
  for (const region of regions) region.circularity = length[region.id] ? Math.min(1, 4 * Math.PI * region.area / length[region.id] ** 2) : 1;
}

const LENGTHS = { 5: 1, 7: 1, 15: 1, 17: 1, 25: 1, 27: 1, 21: Math.SQRT2, 33: Math.SQRT2, 13: (1 + Math.SQRT2) / 2, 23: (1 + Math.SQRT2) / 2 };
