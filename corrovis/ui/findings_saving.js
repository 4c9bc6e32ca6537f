// What the visitor takes home of one picture at the threshold chosen: picture, mask, table.  `view`, `find` and the like are
// those of findings.js.

function offerSaves() {
  onSave("save-picture", () => canvas.toBlob((blob) => save(blob, named(SHOWN[heat], ".png"))));
  onSave("save-mask", saveMask);
  onSave("save-table", saveTable);
}

const SHOWN = { "": "regions", heat: "heat", opinion: "opinion_heat" };

// Another threshold than the model's own stands in the name.
function named(what, ending) {
  return what + (level() === OWN ? "" : `_t${Math.round(100 * threshold.value)}`) + ending;
}

function onSave(name, make) {
  find(name).addEventListener("click", () => {
    drawNow();
    if (view.now) make();
  });
}

function save(blob, ending) {
  const address = URL.createObjectURL(blob);
  download(address, `${view.value.stem}_${ending}`);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// At the model's own threshold the program's mask.png; at another as that: class indices, a byte a pixel, the picture's own size.
async function saveMask() {
  const { value, now } = view, [width, height] = value.own;
  if (level() === OWN) return save(await (await fetch(value.mask)).blob(), named("mask", ".png"));
  const mask = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y + 0.5) * value.height / height) * value.width;
    for (let x = 0; x < width; x++, i++) {
      const shown = row + Math.floor((x + 0.5) * value.width / width);
      if (now.ids[shown]) mask[i] = view.classOf[shown];
    }
  }
  save(await greyPng(mask, width, height), named("mask", ".png"));
}

// As the program's regions.csv: its names, its rounding; then, as in its summary.csv, what they are of.
function saveTable() {
  const { value, now } = view, side = scale();
  const figures = (number, digits) => Number(number.toPrecision(digits));
  const rounded = (number, digits) => Number(number.toFixed(digits));
  const columns = {
    id: ({ id }) => id,
    class: (region) => value.classes[region.class],
    score: ({ score }) => rounded(score, 4),
    area_px: ({ area }) => Math.round(area),
    area_um2: ({ area }) => (side ? figures(area * side ** 2, 6) : ""),
    equivalent_diameter_px: ({ area }) => figures(diameter(area), 6),
    equivalent_diameter_um: ({ area }) => (side ? figures(diameter(area) * side, 6) : ""),
    circularity: ({ circularity }) => rounded(circularity, 4),
    touches_border: ({ touches_border }) => (touches_border ? "True" : "False"),
    file: () => value.name,
    corroded_fraction: () => rounded(now.share, 6),
    corroded_fraction_sigma: () => rounded(value.sigma, 6),
    severity: () => stage.dataset.severity,
    threshold: () => threshold.value,
    pixel_size_um: () => side || "",
    model: () => value.model,
    picture_sha256: () => value.sha256,
  };
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [Object.keys(columns), ...now.regions.map((region) => Object.values(columns).map((of) => of(region)))];
  const text = lines.map((cells) => cells.map((cell) => quoted(String(cell))).join(",")).join("\n") + "\n";
  save(new Blob([text], { type: "text/csv" }), named("regions", ".csv"));
}
