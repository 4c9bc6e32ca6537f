// Pixels in, regions out: what corrovis.sem.segmentation and corrovis.sem.regions do, for the threshold slider.

// Connected regions of pixels of one class that are at least `at` strong, touching at sides or corners, of `least` pixels or
// more and of a mean strength of `sure` or more.
// `ids` holds each pixel's region, 0 for none; regions have id, class, area in pixels, score (mean strength) and circularity.
// Two passes with union-find (Rosenfeld and Pfaltz 1966), so that a megapixel follows the slider.
function labelRegions(strength, classOf, [width, height], at, [least, sure]) {
  const ids = new Int32Array(width * height), parent = new Int32Array((ids.length >> 1) + 2);
  let count = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (strength[i] < at) continue;
      const kind = classOf[i], up = i - width;
      let id = x && ids[i - 1] && classOf[i - 1] === kind ? ids[i - 1] : 0;
      if (y) {
        for (let j = x ? up - 1 : up; j <= (x < width - 1 ? up + 1 : up); j++) {
          if (ids[j] && classOf[j] === kind && ids[j] !== id) id = id ? joined(parent, id, ids[j]) : ids[j];
        }
      }
      if (!id) parent[(id = ++count)] = id;
      ids[i] = id;
    }
  }
  for (let k = 1; k <= count; k++) parent[k] = parent[parent[k]]; // parents are smaller: one step each reaches the root
  const area = new Int32Array(count + 1), sum = new Float64Array(count + 1);
  const kind = new Uint8Array(count + 1), final = new Int32Array(count + 1);
  for (let i = 0; i < ids.length; i++) {
    if (!ids[i]) continue;
    const root = parent[ids[i]];
    area[root]++;
    sum[root] += strength[i];
    kind[root] = classOf[i];
  }
  const regions = [];
  for (let k = 1; k <= count; k++) {
    if (parent[k] !== k || area[k] < least || sum[k] < 255 * sure * area[k]) continue;
    regions.push({ id: (final[k] = regions.length + 1), class: kind[k], area: area[k], score: sum[k] / area[k] / 255 });
  }
  for (let i = 0; i < ids.length; i++) if (ids[i]) ids[i] = final[parent[ids[i]]];
  addCircularity(ids, regions, width);
  return { ids, regions };
}

// Notes which regions reach the rim of the specimen, whose rows are `first` to before `end`: their sizes are those of parts.
function markAtBorder(ids, regions, width, [first, end]) {
  const there = new Set();
  for (let x = 0; x < width; x++) there.add(ids[first * width + x]).add(ids[(end - 1) * width + x]);
  for (let y = first; y < end; y++) there.add(ids[y * width]).add(ids[(y + 1) * width - 1]);
  for (const region of regions) region.touches_border = there.has(region.id);
}

function joined(parent, a, b) {
  while (parent[a] !== a) a = parent[a] = parent[parent[a]];
  while (parent[b] !== b) b = parent[b] = parent[parent[b]];
  return a < b ? (parent[b] = a) : (parent[a] = b);
}

// 4 pi area / perimeter squared, the perimeter as scikit-image measures it (Benkrid and Crookes 2000).
function addCircularity(ids, regions, width) {
  const rim = new Int32Array(ids.length), length = new Float64Array(regions.length + 1), last = width - 1;
  for (let i = 0, x = 0; i < ids.length; i++, x = x === last ? 0 : x + 1) {
    const id = ids[i];
    if (!id) continue;
    const beside = x > 0 && x < last && ids[i - 1] === id && ids[i + 1] === id;
    if (!beside || ids[i - width] !== id || ids[i + width] !== id) rim[i] = id;
  }
  for (let i = 0, x = 0; i < ids.length; i++, x = x === last ? 0 : x + 1) {
    const id = rim[i];
    if (!id) continue;
    let sides = (rim[i - width] === id) + (rim[i + width] === id), corners = 0;
    if (x) {
      sides += rim[i - 1] === id;
      corners += (rim[i - width - 1] === id) + (rim[i + width - 1] === id);
    }
    if (x < last) {
      sides += rim[i + 1] === id;
      corners += (rim[i - width + 1] === id) + (rim[i + width + 1] === id);
    }
    length[id] += LENGTHS[1 + 2 * sides + 10 * corners] ?? 0;
  }
  for (const region of regions) {
    const perimeter = length[region.id];
    region.circularity = perimeter ? Math.min(1, 4 * Math.PI * region.area / perimeter ** 2) : 1;
  }
}

const LENGTHS = {
  5: 1, 7: 1, 15: 1, 17: 1, 25: 1, 27: 1,
  21: Math.SQRT2, 33: Math.SQRT2,
  13: (1 + Math.SQRT2) / 2, 23: (1 + Math.SQRT2) / 2,
};
