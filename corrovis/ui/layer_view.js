// Walks through the layers of a network: every map is here in grey, so layer, colours and channels change without a request.
// Runs as the body of gr.HTML's js_on_load, after stage.js, with `element`, `props`, `trigger` and `watch` given.
const words = props.words, tables = props.tables; // filter -> {title, colours: 256 times rrggbb}
const view = element.querySelector(".layer-view");
const find = (name) => view.querySelector(`.${name}`);
const at = find("at"), strip = find("strip"), maps = find("maps");
const SIDE = 768, GAP = 8;
const now = { colours: "bone", show: "mean", layers: [], pictures: [], picture: null, awaited: null, key: null };
const keepers = view.querySelectorAll(".keep .pill");

function palette({ colours }) {
  return Uint32Array.from({ length: 256 }, (_, k) => {
    const [r, g, b] = [0, 2, 4].map((i) => parseInt(colours.slice(6 * k + i, 6 * k + i + 2), 16));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; // as a little-endian pixel
  });
}
const palettes = Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, palette(table)]));

function ramp(name) {
  const stops = [0, 32, 64, 96, 128, 160, 192, 224, 255].map((k) => `#${tables[name].colours.slice(6 * k, 6 * k + 6)}`);
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}

function canvas(width, height) {
  const made = document.createElement("canvas");
  [made.width, made.height] = [width, height];
  return made;
}

// The grey sheet of a layer: a row for each picture, in it the mean and then the strongest channels.
async function decoded(layer) {
  const { width, data } = await pixelsOf(layer.sheet);
  return { ...layer, width, grey: Uint8Array.from({ length: data.length / 4 }, (_, k) => data[4 * k]) };
}

function coloured(layer, picture, column) {
  const board = canvas(layer.w, layer.h), pen = board.getContext("2d");
  const cell = pen.createImageData(layer.w, layer.h), pixels = new Uint32Array(cell.data.buffer);
  const colours = palettes[now.colours];
  for (let y = 0; y < layer.h; y++) {
    const from = (picture * layer.h + y) * layer.width + column * layer.w;
    for (let x = 0; x < layer.w; x++) pixels[y * layer.w + x] = colours[layer.grey[from + x]];
  }
  pen.putImageData(cell, 0, 0);
  return board;
}

function number(pen, text, x, y) {
  Object.assign(pen, { font: "600 22px system-ui, sans-serif", textBaseline: "top" });
  Object.assign(pen, { fillStyle: "#ebebee", strokeStyle: "#18181b", lineWidth: 5, lineJoin: "round" });
  pen.strokeText(text, x + 6, y + 5);
  pen.fillText(text, x + 6, y + 5);
}

const nth = (k) => words.nth.replace("%n", k + 1).replace("%c", now.layers.length);

function drawMaps() {
  const layer = now.layers[at.value];
  const columns = now.show === "mean" ? [0] : layer.shown.map((_, k) => k + 1);
  const across = Math.ceil(Math.sqrt(columns.length)), cell = (SIDE - GAP * (across - 1)) / across;
  maps.querySelectorAll("canvas").forEach((board, picture) => {
    const pen = board.getContext("2d");
    pen.clearRect(0, 0, SIDE, SIDE);
    pen.imageSmoothingEnabled = false;
    columns.forEach((column, k) => {
      const x = (k % across) * (cell + GAP), y = Math.floor(k / across) * (cell + GAP);
      pen.drawImage(coloured(layer, picture, column), x, y, cell, cell);
      if (column) number(pen, layer.shown[column - 1], x, y);
    });
  });
  find("layer-name").textContent = nth(Number(at.value));
  const by = now.pictures.length > 1 ? words.top_by.replace("%n", now.pictures[0]) : "";
  const shown = now.show === "mean" ? words.mean_of : words.top_of.replace("%t", layer.shown.length) + by;
  const size = `${layer.size[0]} × ${layer.size[1]}`;
  find("layer-facts").textContent = `${layer.name} · ${size} · ${shown.replace("%s", layer.channels)}`;
  at.setAttribute("aria-valuetext", nth(Number(at.value)));
  strip.querySelectorAll("button").forEach((button, k) => button.setAttribute("aria-current", k === Number(at.value)));
  view.dataset.drawn = `${at.value} ${now.colours} ${now.show}`;
}

function drawStrip() {
  strip.replaceChildren(...now.layers.map((layer, k) => {
    const item = document.createElement("div"), button = document.createElement("button");
    item.setAttribute("role", "listitem");
    button.type = "button";
    button.title = layer.name;
    button.setAttribute("aria-label", nth(k));
    button.append(coloured(layer, 0, 0));
    button.addEventListener("click", () => go(k));
    item.append(button);
    return item;
  }));
}

function go(k) {
  at.value = Math.max(0, Math.min(now.layers.length - 1, k));
  drawMaps();
  const button = strip.querySelectorAll("button")[at.value]; // not scrollIntoView, which would move the page as well
  strip.scrollTo({ left: button.offsetLeft - strip.offsetLeft - strip.clientWidth / 2 + 27 });
}

function choose(group, attribute, value) {
  for (const button of view.querySelectorAll(`.${group} button`)) {
    button.setAttribute("aria-pressed", button.dataset[attribute] === value);
  }
}

function recolour(name) {
  now.colours = name;
  choose("filters", "filter", name);
  view.style.setProperty("--ramp", ramp(name));
  if (now.layers.length) { drawStrip(); drawMaps(); }
}

function setState(state) {
  view.dataset.state = state;
  view.classList.toggle("drawn", now.layers.length > 0);
  find("work-text").textContent = state === "busy" ? words.working : "";
  for (const button of keepers) button.disabled = state !== "ready";
}

// Something was chosen, or with nothing in `asked` taken away.  The layers of another picture go, all else waits for what comes.
function ask(asked) {
  latest++;
  delete view.dataset.drawn;
  find("problem").textContent = "";
  if (asked?.picture !== now.picture) now.layers = [];
  [now.picture, now.awaited] = [asked?.picture, asked?.key];
  setState(asked ? "busy" : "empty");
}

let latest = 0;
async function receive() {
  const value = props.value ? JSON.parse(props.value) : null;
  if (value?.key !== now.awaited) return; // the answer to what was chosen since is on its way
  if (!value) return;
  const turn = ++latest;
  const layers = value.problem ? [] : await Promise.all(value.layers.map(decoded));
  if (turn !== latest) return;
  [now.layers, now.pictures, now.key] = [layers, value.pictures, value.key];
  find("problem").textContent = value.problem || "";
  setState(value.problem ? "problem" : "ready");
  if (value.problem) return;
  find("notes").textContent = value.notes.join("; ");
  view.style.setProperty("--pictures", value.pictures.length);
  maps.replaceChildren(...value.pictures.map((name) => {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    caption.textContent = name;
    figure.append(canvas(SIDE, SIDE), caption);
    return figure;
  }));
  if (Number(at.max) !== layers.length - 1) at.value = 0;
  at.max = layers.length - 1;
  drawStrip();
  go(Number(at.value));
}

for (const [name, { title }] of Object.entries(tables)) {
  const button = document.createElement("button"), sample = document.createElement("i");
  Object.assign(button, { type: "button" });
  Object.assign(button.dataset, { filter: name });
  sample.style.background = ramp(name);
  button.append(sample, title);
  button.addEventListener("click", () => recolour(name));
  find("filters").append(button);
}
for (const button of find("shows").children) {
  button.addEventListener("click", () => { now.show = button.dataset.show; choose("shows", "show", now.show); drawMaps(); });
}
at.addEventListener("input", () => go(Number(at.value)));
find("back").addEventListener("click", () => go(Number(at.value) - 1));
find("on").addEventListener("click", () => go(Number(at.value) + 1));
for (const button of keepers) {
  button.addEventListener("click", () => {
    const free = takeTurn(button, keepers);
    find("told").textContent = free ? "" : words.one_at_a_time;
    const { key, colours, show } = now;
    if (free) trigger("save", { key, kind: button.dataset.kind, layer: Number(at.value), colours, show });
  });
}
window.addEventListener("corrovis:layers-saved", (event) => {
  find("told").textContent = "";
  handOver(event.detail, keepers);
});
window.addEventListener("corrovis:layers", (event) => ask(event.detail));
window.addEventListener("corrovis:layers-failed", () => setState(now.layers.length ? "ready" : "empty"));
recolour("bone");
watch("value", receive);
receive();
