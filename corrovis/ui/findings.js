// The findings of one picture: the model's answer came once (see findings.py); threshold, opacity, choice and scale act here.
// Runs as the body of gr.HTML's js_on_load, after stage.js and the files named in inspect.py, with `element`, `props`, `trigger`
// and `watch` given.
const { words, look } = props;
const stage = element.querySelector(".findings-stage");
const find = (name) => stage.querySelector("." + name);
const [canvas, threshold, opacity, um, legend] = ["picture canvas", "threshold", "opacity", "um", "legend"].map(find);
const view = { value: null, now: null, chosen: 0, spot: 0, drawn: null, arrival: 0 }; // with what receive adds
const typed = new Map(), thresholds = new Map(); // the pixel sizes and thresholds that were chosen here, by picture
const opacities = { "": opacity.value, heat: 1, opinion: 1 }; // of the regions, and of each heat map over the picture
let heat = ""; // the heat map that is shown
let request = 0;

// --- what is corroded at a threshold --------------------------------------------------------------------------------------

const OWN = 128; // the model's own threshold
const level = () => Math.round(Number(threshold.value) * 256);

function regionsNow() {
  const { value } = view, at = level();
  const asSent = { ids: view.given, regions: value.regions, share: value.corroded_fraction, shares: value.class_fractions };
  if (at === OWN) return asSent;
  if (value.instances) return instancesNow(at);
  const least = Math.max(1, Math.round(value.least / value.zoom ** 2));
  const { ids, regions } = labelRegions(view.strength, view.classOf, [value.width, value.height], at, [least, value.sure]);
  markAtBorder(ids, regions, value.width, value.rows.map(Math.round));
  const shares = value.class_fractions.map(() => 0), field = value.width * (value.rows[1] - value.rows[0]);
  for (const region of regions) {
    shares[region.class - 1] += region.area / field;
    region.area *= value.zoom ** 2;
  }
  return { ids, regions: regions.sort((a, b) => b.area - a.area), share: shares.reduce((sum, one) => sum + one), shares };
}

// A detector's instances are there or not, whole: as surely corroded as it is sure of them.
function instancesNow(at) {
  const { value, given } = view, field = value.own[0] * (value.rows[1] - value.rows[0]) * value.zoom;
  const regions = value.regions.filter(({ score }) => Math.max(OWN, Math.round(255 * score)) >= at);
  const shown = new Set(regions.map(({ id }) => id)), shares = value.class_fractions.map(() => 0);
  for (const region of regions) shares[region.class - 1] += region.area / field;
  return { ids: given.map((id) => (shown.has(id) ? id : 0)), regions, share: shares.reduce((sum, one) => sum + one), shares };
}

// Cumulative normal distribution; Abramowitz and Stegun 7.1.26, good to 1e-7.
function normal(z) {
  const x = Math.abs(z) / Math.SQRT2, t = 1 / (1 + 0.3275911 * x);
  const terms = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const tail = terms.reduce((sum, term) => (sum + term) * t, 0) * Math.exp(-x * x);
  return z > 0 ? 1 - tail / 2 : tail / 2;
}

// As corrovis.sem.severity.grade_area.
function grade(share) {
  const beyond = view.value.limits.map((limit) => normal((share - limit) / Math.max(view.value.sigma, 1e-9)));
  return [1 - beyond[0], beyond[0] - beyond[1], beyond[1]].map((p) => Math.max(0, p));
}

// --- drawing ---------------------------------------------------------------------------------------------------------------

// As corrovis.render.sem_pictures.colours_of.
function colour({ id, class: kind }) {
  if (view.value.classes.length > 2) return look.classes[kind];
  const hue = ((id - 1) * look.turn % 1) * 6, high = 255, low = high * (1 - look.saturation);
  const part = high * (1 - look.saturation * Math.abs(hue % 2 - 1));
  return [
    [high, part, low], [part, high, low], [low, high, part],
    [low, part, high], [part, low, high], [high, low, part],
  ][Math.floor(hue)];
}

function draw() {
  request = 0;
  if (!view.value) return;
  const began = performance.now();
  const { width, height } = view.value;
  const wanted = threshold.value;
  if (view.drawn !== wanted) {
    view.now = regionsNow();
    view.drawn = wanted;
    const most = view.now.regions.reduce((least, region) => Math.max(least, region.id), 0); // spread out, 100 000 are too many
    view.palette = new Uint8Array(3 * (most + 1));
    for (const region of view.now.regions) view.palette.set(colour(region), 3 * region.id);
    if (view.chosen) view.chosen = view.now.ids[view.spot] ?? 0; // numbers are new, the pixel is not
    tell();
  }
  const { ids } = view.now, { palette, chosen } = view, last = width - 1;
  const frame = new ImageData(new Uint8ClampedArray(view.pixels), width, height), out = frame.data, share = Number(opacity.value);
  const alpha = heat ? 0 : share, open = heat ? 0.35 : 0.9; // outlines stay, so that regions can be chosen over the heat
  if (heat) for (let i = 0, warm = view.heats[heat]; i < out.length; i++) out[i] += (warm[i] - out[i]) * share;
  for (let i = 0, x = 0; i < ids.length; i++, x = x === last ? 0 : x + 1) {
    const id = ids[i];
    if (!id) continue;
    const rim = (x && ids[i - 1] !== id) || (x < last && ids[i + 1] !== id) || ids[i - width] !== id || ids[i + width] !== id;
    const other = chosen && chosen !== id, least = other ? 0.35 : chosen === id ? 0.9 : open;
    const a = rim ? Math.max(alpha, least) : other ? 0 : alpha;
    for (let c = 0; c < 3; c++) out[4 * i + c] += (palette[3 * id + c] - out[4 * i + c]) * a;
  }
  canvas.getContext("2d").putImageData(frame, 0, 0);
  stage.dataset.threshold = Number(wanted).toFixed(2);
  stage.dataset.heat = heat;
  stage.dataset.frameMs = (performance.now() - began).toFixed(1);
}

function later() {
  for (const slider of [threshold, opacity]) {
    slider.style.setProperty("--fill", 100 * (slider.value - slider.min) / (slider.max - slider.min) + "%");
  }
  find("threshold-text").textContent = Math.round(100 * threshold.value) + " %";
  find("opacity-text").textContent = Math.round(100 * opacity.value) + " %";
  find("reset").disabled = threshold.value === "0.5";
  const { value } = view, coarser = value?.zoom > 1 && level() !== OWN;
  find("save-mask").title = coarser ? words.save_mask_hint.replace("%s", `${value.width} x ${value.height}`) : "";
  request ||= requestAnimationFrame(draw); // many events, one frame
}

// Draws what waits for the next frame, so that what is saved is what the sliders say.
function drawNow() {
  if (!request) return;
  cancelAnimationFrame(request);
  draw();
}

// --- numbers ---------------------------------------------------------------------------------------------------------------

const percent = (share, digits) => (100 * share).toFixed(digits) + " %";
// As corrovis.render.inspection_facts.decimals_of.
function decimalsOf(share) {
  const { sigma, limits } = view.value, beyond = (one) => limits.filter((limit) => one >= limit).length;
  let digits = look.decimals.filter((enough) => sigma < enough).length;
  while (digits < look.most_decimals && beyond(Number((100 * share).toFixed(digits)) / 100) !== beyond(share)) digits++;
  return digits;
}
// Three figures, or whole numbers; of a bridge's square micrometres there are too many.
function short(number) {
  if (number >= 1e7) return number.toExponential(2).replace("+", "");
  return number >= 1000 ? Math.round(number).toString() : String(Number(number.toPrecision(3)));
}
const diameter = (area) => 2 * Math.sqrt(area / Math.PI);
const scale = () => (um.validity.valid && Number(um.value)) || 0;

function cells(region) {
  const side = scale();
  const size = side ? [region.area * side ** 2, diameter(region.area) * side] : [region.area, diameter(region.area)];
  return [...size.map(short), region.touches_border ? words.cut : "", region.circularity.toFixed(2), region.score.toFixed(2)];
}

function tell() {
  const { value, now } = view, side = scale();
  const digits = decimalsOf(now.share);
  find("share").textContent = percent(now.share, digits) + " " + words.corroded;
  const moved = level() !== OWN, error = words.error.replace("%s", (100 * value.sigma).toFixed(digits));
  find("error").textContent = moved ? `${error} (${words.error_of})` : error;
  find("warnings-of").hidden = !moved;
  const count = now.regions.length;
  find("count").textContent = [count === 1 ? words.one : words.count.replace("%s", count), ...besides()].join(", ");
  const shares = grade(now.share), most = value.limits.filter((limit) => now.share >= limit).length;
  stage.dataset.severity = value.severities[most];
  const bars = shares.map((share, k) => shareRow(value.severity_names[k], share, k === most));
  find("grade").querySelector("ul").replaceChildren(...bars);
  const isClose = moved && shares[most] < look.settled; // of the model's own threshold the warnings tell
  find("close").textContent = isClose ? words.close.replace("%s", value.severity_names[most]) : "";
  const several = value.classes.length > 2;
  find("kinds").replaceChildren(...(several ? [`${words.kinds}: `, ...now.shares.flatMap(kind)] : []));
  const unit = side ? "µm" : "px";
  const sizes = [`${words.area}, ${unit}²`, `${words.diameter}, ${unit}`];
  const heads = [words.region, ...(several ? [words.class] : []), ...sizes, words.border, words.circularity, words.score];
  stage.querySelector("thead tr").replaceChildren(...heads.map((text) => made("th", text)));
  stage.querySelector("thead th:nth-last-child(3)").title = words.border_hint;
  stage.querySelector("tbody").replaceChildren(...now.regions.slice(0, look.rows).map(row));
  find("more").textContent = count > look.rows ? words.more.replace("%s", look.rows).replace("%t", count) : "";
  mark();
}

// Of things that are counted, how densely they lie; of others, how much of the corrosion the largest is.
function besides() {
  const { value, now } = view, side = scale();
  if (!value.counted) {
    const whole = now.regions.reduce((sum, { area }) => sum + area, 0);
    return now.regions.length > 1 ? [words.largest.replace("%s", percent(now.regions[0].area / whole, 0))] : [];
  }
  const field = value.width * (value.rows[1] - value.rows[0]) * (value.zoom * side / 1000) ** 2;
  return side ? [words.density.replace("%s", short(now.regions.length / field))] : [];
}

// The share of a class, beside its colour: the legend of the picture.
function kind(share, k, shares) {
  const part = Object.assign(made("span", ""), { className: "kind" }), digits = decimalsOf(view.now.share), least = 10 ** -digits;
  const text = share > 0 && 100 * share < least ? `<${least.toFixed(digits)} %` : percent(share, digits); // not 0
  part.append(dot(look.classes[k + 1]), `${view.value.classes[k + 1]} ${text}`);
  return [part, k < shares.length - 1 ? ", " : ""];
}

const made = (tag, textContent) => Object.assign(document.createElement(tag), { textContent });

function dot(rgb) {
  const drawn = Object.assign(document.createElement("span"), { className: "dot" });
  drawn.style.background = `rgb(${rgb})`;
  return drawn;
}

function row(region) {
  const line = document.createElement("tr");
  line.dataset.id = region.id;
  line.tabIndex = 0;
  const name = made("td", "");
  name.append(dot(view.palette.slice(3 * region.id, 3 * region.id + 3)), String(region.id));
  const texts = [...(view.value.classes.length > 2 ? [view.value.classes[region.class]] : []), ...cells(region)];
  line.append(name, ...texts.map((text) => made("td", text)));
  return line;
}

// --- choosing a region -----------------------------------------------------------------------------------------------------

function mark() {
  for (const line of stage.querySelectorAll("tbody tr")) {
    line.setAttribute("aria-selected", Number(line.dataset.id) === view.chosen);
  }
  const region = view.now?.regions.find((one) => one.id === view.chosen);
  stage.dataset.chosen = view.chosen;
  find("told").textContent = region ? `${words.region} ${region.id}: ${cells(region)[0]} ${scale() ? "µm" : "px"}²` : "";
}

function choose(id) {
  view.chosen = id === view.chosen ? 0 : id; // chosen again, it is let go
  const { ids } = view.now, { strength } = view;
  view.spot = ids.indexOf(id);
  for (let i = view.spot; i < ids.length; i++) if (ids[i] === id && strength[i] > strength[view.spot]) view.spot = i;
  mark();
  later();
}

canvas.addEventListener("click", (event) => {
  if (!view.now) return;
  const box = canvas.getBoundingClientRect();
  const x = Math.floor((event.clientX - box.left) / box.width * canvas.width);
  const y = Math.floor((event.clientY - box.top) / box.height * canvas.height);
  choose(view.now.ids[y * canvas.width + x] || view.chosen);
  const line = stage.querySelector('tr[aria-selected="true"]'), scroll = find("scroll");
  if (line) scroll.scrollTop = line.offsetTop - scroll.clientHeight / 2; // not scrollIntoView, which would move the page
});
const lineOf = (event) => event.target.closest("tbody tr");
stage.addEventListener("click", (event) => lineOf(event) && choose(Number(lineOf(event).dataset.id)));
stage.addEventListener("keydown", (event) => {
  if (!lineOf(event) || !["Enter", " "].includes(event.key)) return;
  event.preventDefault();
  choose(Number(lineOf(event).dataset.id));
});

// --- controls --------------------------------------------------------------------------------------------------------------

threshold.addEventListener("input", keepThreshold);
opacity.addEventListener("input", () => { opacities[heat] = opacity.value; later(); });
um.addEventListener("input", () => {
  if (!view.now) return;
  typed.set(nameOf(view.value), um.value);
  tell();
  offerScale();
});
um.addEventListener("change", () => um.reportValidity());
find("reset").addEventListener("click", () => { threshold.value = 0.5; keepThreshold(); });

function keepThreshold() {
  if (view.value) thresholds.set(answerOf(view.value), threshold.value);
  later();
}

// Shows a heat map, or with "" the regions; the opacity slider is of what is shown.
function showHeat(name) {
  heat = name;
  for (const button of toggles) button.setAttribute("aria-pressed", button.dataset.heat === name);
  find("opacity-name").textContent = name ? words.heat_opacity : words.opacity;
  opacity.value = opacities[name];
  legend.hidden = !name;
  if (name) legend.src = view.value.heats[name].legend;
  later();
}
const toggles = stage.querySelectorAll(".toggle");
for (const button of toggles) {
  button.addEventListener("click", () => showHeat(heat === button.dataset.heat ? "" : button.dataset.heat));
}

// What was typed is of this page alone until it is written into tables and reports.
function offerScale() {
  find("scales").hidden = !scale() || scale() === view.value.pixel_um;
}
for (const [name, every] of [["scale-one", false], ["scale-all", true]]) {
  find(name).addEventListener("click", () => {
    find("scales").hidden = true;
    trigger("rescale", { um: scale(), every });
  });
}

offerSaves();

// --- arriving --------------------------------------------------------------------------------------------------------------

// A pixel size that a picture is inspected with holds, before one that was typed; a threshold is of one model's answer.
const nameOf = (value) => [value.name, value.sha256, value.pixel_um].join();
const answerOf = (value) => [value.name, value.sha256, value.model].join();

async function receive() {
  const arrival = ++view.arrival;
  const value = props.value ? JSON.parse(props.value) : null;
  if (!value) {
    view.value = view.now = null;
    stage.dataset.state = "empty";
    return;
  }
  const names = Object.keys(value.heats);
  const uris = [value.photo, value.map, value.numbers, ...names.map((name) => value.heats[name].map)];
  const [photo, map, numbers, ...warm] = (await Promise.all(uris.map(pixelsOf))).map(({ data }) => data);
  if (arrival !== view.arrival) return; // a newer one came while this was read
  const size = value.width * value.height, again = view.value?.photo === value.photo; // the same picture at another pixel size
  view.heats = Object.fromEntries(names.map((name, k) => [name, warm[k]]));
  const planes = { strength: new Uint8Array(size), classOf: new Uint8Array(size), given: new Int32Array(size) };
  Object.assign(view, { value, pixels: photo, ...planes, chosen: 0, drawn: null });
  for (let i = 0; i < size; i++) {
    view.strength[i] = map[4 * i];
    view.classOf[i] = map[4 * i + 1];
    view.given[i] = numbers[4 * i] << 16 | numbers[4 * i + 1] << 8 | numbers[4 * i + 2];
  }
  Object.assign(canvas, { width: value.width, height: value.height });
  stage.style.setProperty("--aspect", value.width / value.height);
  threshold.value = thresholds.get(answerOf(value)) ?? 0.5;
  um.value = typed.get(nameOf(value)) ?? value.pixel_um ?? "";
  for (const button of toggles) button.hidden = !(button.dataset.heat in view.heats);
  showHeat(heat in view.heats ? heat : ""); // from picture to picture the same view
  offerScale();
  find("grade").querySelector("h2").textContent = value.name;
  find("opinion").textContent = value.opinion;
  find("how").textContent = value.how;
  find("error").title = value.error;
  Object.assign(find("save-report"), { href: value.report, download: "" });
  find("warnings").hidden = !value.warnings.length;
  find("warnings").querySelector("ul").replaceChildren(...value.warnings.map((text) => made("li", text)));
  later();
  drawNow();
  stage.dataset.state = "ready";
  stage.dataset.name = value.name;
  stage.dataset.um = value.pixel_um ?? "";
  if (!again) showStage();
}

// Who waited for the first picture, or chose another from the table, sees it, and its place in the row of small ones.
function showStage() {
  const { top } = canvas.getBoundingClientRect(), chosen = document.querySelector(".choices .selected");
  const row = chosen?.closest(".grid-wrap"), middle = (part) => (part.left + part.right) / 2;
  if (row) row.scrollLeft += middle(chosen.getBoundingClientRect()) - middle(row.getBoundingClientRect());
  if (top < 0 || top > innerHeight / 2) stage.closest(".findings").scrollIntoView();
}

watch("value", receive);
receive();
