// Draws curves and fits as SVG, a unit a pixel; the edges of the fit window can be dragged, or moved with keys.
// Runs as the body of gr.HTML's js_on_load, with `element`, `props`, `trigger` and `watch` given.
const words = props.words;
const plot = element.querySelector(".curve-plot");
const panels = plot.querySelector(".panels");
const problem = plot.querySelector(".problem");
const legend = plot.querySelector(".legend");
const COLOURS = props.lines;
const PAUSE_MS = 300; // after the last press of a key
const CLIP = `inner-${Math.random().toString(36).slice(2)}`; // begins the names of what cuts at the axes' ends
const PAD = { left: 62, right: 14, top: 26, bottom: 42 };
const RADIUS = 3.2, APART = 3; // of a mark, and how far from the last one the next is drawn
const REACH_PX = 22; // from an edge of the window, where a finger still gets hold of it
const STEPS_V = { ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01, PageDown: -0.05, PageUp: 0.05 };

function node(name, attributes, parent, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

function range(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  if (!(high > low)) { low -= 0.5; high += 0.5; }
  const rim = 0.04 * (high - low);
  return [low - rim, high + rim];
}

function ticks([low, high], count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step);
  return found.length < 2 && high > low ? ticks([low, high], 2 * count) : found;
}

function label(value) {
  const size = Math.abs(value);
  return size >= 1e5 || (size > 0 && size < 1e-3) ? value.toExponential(0) : String(Number(value.toPrecision(4)));
}

function widen(span, other, pixels, otherPixels) {
  const wanted = (other[1] - other[0]) / otherPixels * pixels, middle = (span[0] + span[1]) / 2;
  return wanted > span[1] - span[0] ? [middle - wanted / 2, middle + wanted / 2] : span;
}

function isWide(panel, k, all) {
  const narrow = all.filter((other, place) => place > 0 && !other.below);
  const alone = narrow.length % 2 === 1 && panel === narrow[narrow.length - 1]; // it takes the whole row
  return k === 0 || panel.below || alone;
}

// Outlines around (0, 0), after a move to its left; whoever has used up the colours takes the next.
const MARKS = [
  `a${RADIUS} ${RADIUS} 0 1 0 ${2 * RADIUS} 0a${RADIUS} ${RADIUS} 0 1 0 ${-2 * RADIUS} 0`,
  `v${-RADIUS}h${2 * RADIUS}v${2 * RADIUS}h${-2 * RADIUS}z`,
  `l${RADIUS} ${-RADIUS}l${RADIUS} ${RADIUS}l${-RADIUS} ${RADIUS}z`,
];
const DASHES = ["none", "7 4", "2 3"];

function lookOf(series) {
  const round = Math.floor(series.colour / COLOURS.length) % MARKS.length;
  return { colour: `--of: ${COLOURS[series.colour % COLOURS.length]}`, mark: MARKS[round], dash: DASHES[round] };
}

// Marks that the fit can be seen through; of those that would lie on each other one.
function marks(xs, ys, mark) {
  let path = "", last = null;
  xs.forEach((x, k) => {
    const y = ys[k];
    if (last && Math.hypot(x - last[0], y - last[1]) < APART) return;
    last = [x, y];
    path += `M${(x - RADIUS).toFixed(1)} ${y.toFixed(1)}${mark}`;
  });
  return path;
}

function crosses(xs, ys) {
  const r = 0.8 * RADIUS;
  const strokes = `l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;
  return xs.map((x, k) => `M${(x - r).toFixed(1)} ${(ys[k] - r).toFixed(1)}${strokes}`).join("");
}

function heightOf(width, k, wide) {
  if (k === 0) return Math.min(400, Math.max(300, 0.5 * width));
  return wide ? 170 : 240;
}

function draw(panel, k, all, svg) {
  const first = k === 0, wide = isWide(panel, k, all), { top } = PAD;
  const width = svg.clientWidth, height = heightOf(width, k, wide);
  const inner = { w: width - PAD.left - PAD.right, h: height - PAD.top - PAD.bottom };
  let xs = range((panel.below ? all[0] : panel).series.flatMap((s) => s.x)), ys = range(panel.series.flatMap((s) => s.y));
  if (panel.frame) [xs, ys] = [range(panel.frame.x), range(panel.frame.y)];
  if (panel.equal) [xs, ys] = [widen(xs, ys, inner.w, inner.h), widen(ys, xs, inner.h, inner.w)];
  const x = (value) => PAD.left + (value - xs[0]) / (xs[1] - xs[0]) * inner.w;
  const y = (value) => top + (1 - (value - ys[0]) / (ys[1] - ys[0])) * inner.h;
  const name = `${panel.ylabel}, ${panel.xlabel}`;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  if (panel.window) { svg.setAttribute("role", "group"); svg.setAttribute("aria-label", name); }
  const body = node("g", { role: "img", "aria-label": name }, svg);
  for (const value of ticks(xs, width > 400 ? 8 : 5)) {
    node("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: top + inner.h }, body);
    node("text", { x: x(value), y: height - 24, "text-anchor": "middle" }, body, label(value));
  }
  for (const value of ticks(ys, first ? 6 : wide ? 3 : 4)) {
    node("line", { class: "grid", x1: PAD.left, x2: PAD.left + inner.w, y1: y(value), y2: y(value) }, body);
    node("text", { x: PAD.left - 7, y: y(value) + 4, "text-anchor": "end" }, body, label(value));
  }
  node("text", { x: PAD.left + inner.w / 2, y: height - 7, "text-anchor": "middle" }, body, panel.xlabel);
  node("text", { x: 8, y: 16 }, body, panel.ylabel);
  const id = `${CLIP}-${k}`, data = node("g", panel.frame ? { "clip-path": `url(#${id})` } : {}, body);
  node("rect", { x: PAD.left, y: top, width: inner.w, height: inner.h }, node("clipPath", { id }, body));
  for (const series of panel.series) drawSeries(series, x, y, data);
  if (panel.window) addWindow(svg, mine ?? panel.window, { x, xs, inner, width });
}

function drawSeries(series, x, y, into) {
  const { colour, mark, dash } = lookOf(series), [xs, ys] = [series.x.map(x), series.y.map(y)];
  if (series.line || series.band) {
    const d = xs.map((at, k) => `${k ? "L" : "M"}${at.toFixed(1)} ${ys[k].toFixed(1)}`).join("");
    if (series.band) node("path", { d: `${d}Z`, style: colour, "data-kind": "band" }, into);
    else node("path", { d, style: colour, class: series.ink ? "ink" : "", "stroke-dasharray": dash, "data-kind": "fit" }, into);
  } else {
    const d = series.cross ? crosses(xs, ys) : marks(xs, ys, mark);
    node("path", { d, style: colour, "stroke-opacity": 0.75, "data-kind": "data" }, into);
  }
}

// Names of the first panel's data in ink, a mark before each, and what the line in ink is.
function drawLegend(all) {
  const found = all[0]?.series ?? [], fits = found.filter((series) => series.ink);
  const named = found.filter((series) => series.name && !series.line && !series.band).map((series) => [series.name, series]);
  legend.replaceChildren(...[...named, ...(fits.length ? [[words.fit, fits[0]]] : [])].map(([name, series]) => {
    const item = document.createElement("li"), swatch = node("svg", { viewBox: "0 0 14 10", "aria-hidden": true }, item);
    const at = series.line ? { x: [0, 14], y: [5, 5] } : { x: [7], y: [5] };
    drawSeries({ ...series, ...at }, (value) => value, (value) => value, swatch);
    item.append(name);
    return item;
  }));
}

function addWindow(svg, start, { x, xs, inner, width }) {
  const edges = [...start];
  const { top } = PAD;
  const band = node("rect", { class: "band", y: top, height: inner.h }, svg);
  const grips = edges.map((_, k) => {
    const said = { "aria-label": k ? words.high : words.low, "aria-valuemin": xs[0], "aria-valuemax": xs[1] };
    const grip = node("g", { class: "grip", tabindex: 0, role: "slider", ...said }, svg);
    node("rect", { y: top, height: inner.h }, grip);
    node("line", { class: "edge", y1: top, y2: top + inner.h }, grip);
    return grip;
  });
  const place = () => {
    const between = Math.max(0, x(edges[1]) - x(edges[0])), within = Math.min(REACH_PX, between / 2);
    grips.forEach((grip, k) => {
      grip.setAttribute("transform", `translate(${x(edges[k])} 0)`);
      grip.setAttribute("aria-valuenow", edges[k].toFixed(4));
      grip.setAttribute("aria-valuetext", `${edges[k].toFixed(3)} V`);
      grip.firstChild.setAttribute("x", k ? -within : -REACH_PX);
      grip.firstChild.setAttribute("width", REACH_PX + within);
    });
    band.setAttribute("x", x(edges[0]));
    band.setAttribute("width", between);
  };
  const pointed = (event) => {
    const box = svg.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * width;
    return xs[0] + (at - PAD.left) / inner.w * (xs[1] - xs[0]);
  };
  let grabbed = 0; // from the edge to where it was taken
  const move = (k, value) => {
    const gap = 0.01 * (xs[1] - xs[0]);
    edges[k] = k ? Math.min(xs[1], Math.max(value, edges[0] + gap)) : Math.max(xs[0], Math.min(value, edges[1] - gap));
    leave([...edges]);
    place();
  };
  grips.forEach((grip, k) => {
    grip.addEventListener("pointerdown", (event) => {
      grip.setPointerCapture(event.pointerId);
      event.preventDefault();
      grabbed = pointed(event) - edges[k];
      held = true;
    });
    grip.addEventListener("pointermove", (event) => {
      if (!grip.hasPointerCapture(event.pointerId)) return;
      move(k, pointed(event) - grabbed);
    });
    grip.addEventListener("lostpointercapture", () => {
      held = false;
      if (mine) release();
      if (late) receive();
    });
    grip.addEventListener("keydown", (event) => {
      const ends = { Home: xs[0], End: xs[1] }, step = STEPS_V[event.key];
      if (!step && !(event.key in ends)) return;
      event.preventDefault();
      move(k, ends[event.key] ?? edges[k] + step * (event.shiftKey ? 5 : 1));
      clearTimeout(waiting);
      waiting = setTimeout(release, PAUSE_MS);
    });
  });
  place();
}

let turn = 0; // counts what the visitor did to the window
let mine = null; // its edges as he left them, until an answer knows of them
let held = false, late = false; // an edge is held; an answer came meanwhile
let waiting; // for the next press of a key
let drawnWidth = 0;

function leave(edges) {
  mine = edges;
  turn += 1;
}

function release() {
  clearTimeout(waiting);
  trigger("release", { edges: mine, turn });
}

function receive() {
  late = held;
  if (held) return; // drawn again, the edge would slip out of the visitor's hand
  const value = props.value ? JSON.parse(props.value) : null, all = value?.panels ?? [];
  if (!value || value.turn >= turn) mine = null;
  const focused = [...panels.querySelectorAll(".grip")].indexOf(document.activeElement);
  plot.dataset.state = all.length ? (value.fitted ? "fitted" : "shown") : "empty";
  plot.dataset.turn = value?.turn ?? "";
  plot.toggleAttribute("data-window", Boolean(all[0]?.window));
  plot.toggleAttribute("data-own", Boolean(value?.own_window));
  if (problem.textContent !== (value?.problem ?? "")) problem.textContent = value?.problem ?? ""; // or it is read out again
  const of = all[0]?.window_of;
  plot.querySelector(".drag span").textContent = of ? words.drag_of.replace("{name}", of) : words.drag;
  drawLegend(all);
  const pictures = all.map((panel, k) => node("svg", { class: isWide(panel, k, all) ? "wide" : "" }));
  panels.replaceChildren(...pictures);
  drawnWidth = panels.clientWidth;
  if (drawnWidth) all.forEach((panel, k) => draw(panel, k, all, pictures[k])); // in a hidden tab there is no room yet
  panels.querySelectorAll(".grip")[focused]?.focus({ preventScroll: true });
}

plot.querySelector(".auto").addEventListener("click", () => {
  leave(null);
  release();
  panels.querySelector(".grip")?.focus({ preventScroll: true }); // the button goes
});
new ResizeObserver(() => { if (panels.clientWidth !== drawnWidth) requestAnimationFrame(receive); }).observe(panels);
watch("value", receive);
receive();
