// Draws curves and fits as SVG; the edges of the fit window can be dragged, or moved with the arrow keys.
// Runs as the body of gr.HTML's js_on_load, with `element`, `props`, `trigger` and `watch` given.
const words = props.words;
const plot = element.querySelector(".curve-plot");
const panels = plot.querySelector(".panels");
const COLOURS = props.lines;
const PAUSE_MS = 300; // after the last press of an arrow key
const PAD = { left: 62, right: 14, top: 26, bottom: 42 };
const RADIUS = 3.2, APART = 3; // of a circle, and how far from the last one the next is drawn
const LINE_PX = 15, LETTER_PX = 6.4; // of the legend

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

// Circles that the fit can be seen through; of those that would lie on each other one.
function circles(xs, ys) {
  let path = "", last = null;
  xs.forEach((x, k) => {
    const y = ys[k];
    if (last && Math.hypot(x - last[0], y - last[1]) < APART) return;
    last = [x, y];
    const half = (across) => `a${RADIUS} ${RADIUS} 0 1 0 ${across} 0`;
    path += `M${(x - RADIUS).toFixed(1)} ${y.toFixed(1)}${half(2 * RADIUS)}${half(-2 * RADIUS)}`;
  });
  return path;
}

function crosses(xs, ys) {
  const r = 0.8 * RADIUS;
  const strokes = `l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;
  return xs.map((x, k) => `M${(x - r).toFixed(1)} ${(ys[k] - r).toFixed(1)}${strokes}`).join("");
}

function draw(panel, k, all) {
  const first = k === 0, wide = isWide(panel, k, all);
  const phone = window.innerWidth < 640; // drawn as wide as it is seen, or its letters shrink with it
  const width = wide && !phone ? 760 : 380, height = first ? (phone ? 300 : 400) : wide ? 170 : 240;
  const titled = panel.series.filter((series) => first && series.name && !series.line && !series.band);
  const names = titled.map((series) => series.name);
  const crowded = names.length && (names[0].length + panel.ylabel.length) * LETTER_PX > width - 40; // beside the axis' name
  const top = PAD.top + LINE_PX * Math.max(0, names.length - (crowded ? 0 : 1));
  const inner = { w: width - PAD.left - PAD.right, h: height - PAD.top - PAD.bottom, top };
  const tall = height + top - PAD.top; // the legend stands above the data
  let xs = range((panel.below ? all[0] : panel).series.flatMap((s) => s.x)), ys = range(panel.series.flatMap((s) => s.y));
  if (panel.equal) [xs, ys] = [widen(xs, ys, inner.w, inner.h), widen(ys, xs, inner.h, inner.w)];
  const x = (value) => PAD.left + (value - xs[0]) / (xs[1] - xs[0]) * inner.w;
  const y = (value) => top + (1 - (value - ys[0]) / (ys[1] - ys[0])) * inner.h;
  const svg = node("svg", { viewBox: `0 0 ${width} ${tall}`, role: "img", "aria-label": `${panel.ylabel}, ${panel.xlabel}` });
  svg.classList.toggle("wide", wide);
  for (const value of ticks(xs, width > 400 ? 8 : 5)) {
    node("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: top + inner.h }, svg);
    node("text", { x: x(value), y: tall - 24, "text-anchor": "middle" }, svg, label(value));
  }
  for (const value of ticks(ys, first ? 6 : wide ? 3 : 4)) {
    node("line", { class: "grid", x1: PAD.left, x2: PAD.left + inner.w, y1: y(value), y2: y(value) }, svg);
    node("text", { x: PAD.left - 7, y: y(value) + 4, "text-anchor": "end" }, svg, label(value));
  }
  node("text", { x: PAD.left + inner.w / 2, y: tall - 7, "text-anchor": "middle" }, svg, panel.xlabel);
  node("text", { x: 8, y: 16 }, svg, panel.ylabel);
  let row = crowded ? 1 : 0;
  for (const series of panel.series) {
    const colour = COLOURS[series.colour % COLOURS.length];
    if (series.line || series.band) {
      const path = series.x.map((value, k) => `${k ? "L" : "M"}${x(value).toFixed(1)} ${y(series.y[k]).toFixed(1)}`).join("");
      if (series.band) node("path", { d: `${path}Z`, fill: colour, "fill-opacity": 0.14, "data-kind": "band" }, svg);
      else node("path", { d: path, fill: "none", stroke: colour, "stroke-width": 1.4, "data-kind": "fit" }, svg);
    } else {
      const d = (series.cross ? crosses : circles)(series.x.map(x), series.y.map(y));
      const look = { fill: "none", stroke: colour, "stroke-width": 1, "stroke-opacity": 0.75 };
      node("path", { d, ...look, "data-kind": "data" }, svg);
      if (!first || !series.name) continue;
      const at = { x: width - PAD.right, y: 16 + LINE_PX * row++, "text-anchor": "end" };
      node("text", { ...at, style: `fill:${colour}` }, svg, series.name);
    }
  }
  if (panel.window) addWindow(svg, mine ?? panel.window, { x, xs, inner, width });
  return svg;
}

function addWindow(svg, start, { x, xs, inner, width }) {
  const edges = [...start];
  const band = node("rect", { class: "band", y: inner.top, height: inner.h }, svg);
  const grips = edges.map((_, k) => {
    const said = { "aria-label": k ? words.high : words.low, "aria-valuemin": xs[0], "aria-valuemax": xs[1] };
    const grip = node("g", { class: "grip", tabindex: 0, role: "slider", ...said }, svg);
    node("rect", { x: -10, y: inner.top, width: 20, height: inner.h }, grip);
    node("line", { class: "edge", y1: inner.top, y2: inner.top + inner.h }, grip);
    return grip;
  });
  const place = () => {
    grips.forEach((grip, k) => {
      grip.setAttribute("transform", `translate(${x(edges[k])} 0)`);
      grip.setAttribute("aria-valuenow", edges[k].toFixed(4));
    });
    band.setAttribute("x", x(edges[0]));
    band.setAttribute("width", Math.max(0, x(edges[1]) - x(edges[0])));
  };
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
      held = true;
    });
    grip.addEventListener("pointermove", (event) => {
      if (!grip.hasPointerCapture(event.pointerId)) return;
      const box = svg.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width * width;
      move(k, xs[0] + (at - PAD.left) / inner.w * (xs[1] - xs[0]));
    });
    grip.addEventListener("lostpointercapture", () => {
      held = false;
      if (mine) release();
      if (late) receive();
    });
    grip.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      move(k, edges[k] + way * (event.shiftKey ? 0.05 : 0.01));
      clearTimeout(waiting);
      waiting = setTimeout(release, PAUSE_MS);
    });
  });
  place();
}

let turn = 0; // counts what the visitor did to the window
let mine = null; // its edges as he left them, until an answer knows of them
let held = false, late = false; // an edge is held; an answer came meanwhile
let waiting; // for the next press of an arrow key

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
  const value = props.value ? JSON.parse(props.value) : null;
  if (!value || value.turn >= turn) mine = null;
  const focused = [...panels.querySelectorAll(".grip")].indexOf(document.activeElement);
  plot.dataset.state = value ? (value.fitted ? "fitted" : "shown") : "empty";
  plot.dataset.turn = value?.turn ?? "";
  plot.toggleAttribute("data-window", Boolean(value?.panels[0].window));
  plot.toggleAttribute("data-own", Boolean(value?.own_window));
  panels.replaceChildren(...(value ? value.panels.map(draw) : []));
  panels.querySelectorAll(".grip")[focused]?.focus({ preventScroll: true });
}

plot.querySelector(".auto").addEventListener("click", () => {
  leave(null);
  release();
  panels.querySelector(".grip")?.focus({ preventScroll: true }); // the button goes
});
watch("value", receive);
receive();
