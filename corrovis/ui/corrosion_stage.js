// The stage: a photo is sent once (see payload.py), every step of the slider is drawn here, without a request.
// Runs as the body of gr.HTML's js_on_load, after stage.js and the files named in car.py, with `element`, `props`, `trigger` and
// `watch` given.
const words = props.words;
const stage = element.querySelector(".corrosion-stage");
const workspace = stage.closest(".workspace");
const find = (name) => stage.querySelector("." + name);
const [picture, aged, before, slider, handle] = ["picture", "aged", "before", "level", "handle"].map(find);
const SLACK_MS = 1000;
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const view = {
  painter: null, context: null, awaited: null, key: null, arrival: 0, sending: false,
  level: 0, drawn: -1, split: 50, splitting: false, places: [], pickable: false,
};
let motion = 0, request = 0, noticeTimer = 0, slackTimer = 0;

// --- level ---------------------------------------------------------------------------------------------------------------

const shareText = (level) => ((share) => share.toFixed(share < 10 ? 1 : 0))(100 * view.painter.share(level));

// Levels are shares of the paint (mild below a tenth, moderate up to a half), as they are shown beside the name; a whole level
// has the name of its tick on every car, and those between two ticks one of their two names.
function nameOf(level) {
  if (level < 0.5) return level === 0 ? words.ticks[0] : words.traces;
  if (!view.painter) return words.ticks[Math.round(level)];
  const share = Number(shareText(level)), byShare = share < 10 ? 1 : share <= 50 ? 2 : 3;
  return words.ticks[Math.min(Math.ceil(level), Math.max(Math.floor(level), byShare))];
}

function spoken(level) {
  const share = view.painter ? ", " + words.share.replace("%s", shareText(level)) : "";
  return nameOf(level) + ", " + Number(level.toFixed(2)) + " " + words.of_three + share;
}

function setLevel(value) {
  view.level = Math.min(3, Math.max(0, Math.round(value * 100) / 100));
  const text = view.level.toFixed(2);
  slider.value = text;
  slider.setAttribute("aria-valuetext", spoken(view.level));
  aged.setAttribute("aria-label", words.picture + ": " + spoken(view.level));
  stage.dataset.level = text;
  stage.style.setProperty("--fill", view.level / 3);
  find("name").textContent = nameOf(view.level);
  find("number").textContent = text;
  for (const tick of stage.querySelectorAll(".tick")) {
    tick.classList.toggle("reached", view.level >= Number(tick.dataset.level));
    tick.setAttribute("aria-current", view.level === Number(tick.dataset.level));
  }
  request ||= requestAnimationFrame(draw); // many events, one frame
}

function draw() {
  request = 0;
  const { painter, context, level } = view;
  if (!painter || level === view.drawn) return;
  const began = performance.now();
  painter.to(level);
  const box = painter.box;
  if (box) context.putImageData(painter.frame, 0, 0, box.x, box.y, box.width, box.height);
  find("share").textContent = words.share.replace("%s", shareText(level));
  view.drawn = level;
  stage.dataset.drawn = level.toFixed(2);
  stage.dataset.frameMs = (performance.now() - began).toFixed(2);
}

function rest() {
  cancelAnimationFrame(motion);
  motion = 0;
  stage.classList.remove("playing");
  labelPlay(words.play);
}

function labelPlay(text) {
  find("play").setAttribute("aria-label", text);
  find("play").title = text;
}

// Move the level in `ms`, slow at both ends; who asked for less motion sees `stops` instead.
function glide(from, to, ms, stops) {
  rest();
  const began = performance.now();
  const step = (now) => {
    const x = Math.min(1, Math.max(0, (now - began) / ms));
    const eased = calm.matches ? Math.floor(x * stops) / stops : smoothstep(0, 1, x);
    setLevel(from + (to - from) * (x === 1 ? 1 : eased));
    if (x < 1) motion = requestAnimationFrame(step);
    else rest();
  };
  motion = requestAnimationFrame(step);
}

function play() {
  if (stage.classList.contains("playing")) return rest(); // other motion, as on arrival, gives way
  const from = view.level >= 3 ? 0 : view.level;
  glide(from, 3, 1500 + 1700 * (3 - from), Math.ceil(3 - from));
  stage.classList.add("playing");
  labelPlay(words.pause);
}

// --- arriving and leaving pictures ---------------------------------------------------------------------------------------

// While other rust grows the car that is there can still be moved through its levels; what would ask the server waits.
function setState(state) {
  stage.dataset.state = state;
  const drawn = state === "ready" || (state === "busy" && view.painter);
  for (const control of stage.querySelectorAll(".controls button, .controls input")) {
    control.disabled = control.matches(".reseed, .save") ? state !== "ready" : !drawn;
  }
  if (state !== "busy") find("busy-text").textContent = ""; // or it would go on being read out
}

function busy(text, preview) {
  rest();
  if (preview) {
    forget();
    find("preview").src = preview;
    find("cars").hidden = true;
    for (const name of ["name", "number", "share"]) find(name).textContent = "";
  }
  find("busy-text").textContent = text;
  setState("busy");
}

// Nothing is shown any more, nor what is still being read.
function forget() {
  view.arrival++;
  view.painter = view.key = null;
  find("problem").hidden = find("share-file").hidden = true;
  stage.classList.remove("drawn");
}

function settle() {
  setState(view.painter ? "ready" : find("problem").hidden ? "empty" : "problem");
}

// Said on the picture, or, while there is none, beside it.
const aside = workspace.appendChild(document.createElement("p"));
aside.className = "aside-notice";
aside.setAttribute("role", "status");
function notice(text, ms = 6000) {
  clearTimeout(noticeTimer);
  const places = stage.dataset.state === "empty" ? [aside, find("notice")] : [find("notice"), aside];
  places[0].textContent = text;
  places[1].textContent = "";
  if (ms < Infinity) noticeTimer = setTimeout(() => (places[0].textContent = ""), ms);
}

function showProblem(value) {
  find("said").textContent = "";
  if (view.painter && view.key === value.key) {
    notice(value.problem);
  } else {
    view.painter = null;
    stage.classList.remove("drawn");
    find("problem").hidden = false;
    find("problem").firstElementChild.textContent = value.problem;
    find("whole").hidden = !value.offer_whole;
  }
  settle();
}

function trace(value) {
  const outline = find("outline");
  outline.setAttribute("viewBox", "0 0 " + value.width + " " + value.height);
  const path = value.outline.map((ring) => "M" + ring.map((point) => point.join(" ")).join("L") + "Z").join("");
  for (const line of outline.children) line.setAttribute("d", path);
  view.chosen = value.picked ? new Path2D(path) : null;
  if (!value.picked) view.cars = new Path2D(path);
}

async function show(value) {
  const arrival = ++view.arrival;
  const { width, height } = value;
  const pictures = await Promise.all([value.photo, value.layer, value.control].map(pixelsOf));
  const [photo, layer, control] = pictures.map(({ data }) => new Uint32Array(data.buffer));
  if (arrival !== view.arrival) return; // a newer one came while this was read
  const isNew = value.key !== view.key, glides = isNew && !calm.matches;
  view.painter = new Painter(width, height, photo, layer, control, value.constants);
  view.key = value.key;
  view.drawn = -1;
  for (const canvas of [aged, before]) Object.assign(canvas, { width, height });
  view.context = aged.getContext("2d");
  for (const canvas of [aged, before]) canvas.getContext("2d").putImageData(view.painter.frame, 0, 0);
  stage.style.setProperty("--aspect", width / height);
  find("problem").hidden = true;
  trace(value);
  offerCars(value);
  setLevel(glides ? 0 : isNew ? 1 : view.level);
  draw(); // not in a frame to come: what is said to be ready is there
  stage.classList.add("drawn");
  setState(view.sending ? "busy" : "ready");
  find("said").textContent = words.ready.replace("%s", spoken(isNew ? 1 : view.level));
  if (glides) glide(0, 1, 1900, 1);
  if (isNew && stage.getBoundingClientRect().top < 0) stage.scrollIntoView();
}

function receive() {
  const value = props.value ? JSON.parse(props.value) : { key: null };
  if (value.key !== view.awaited) return; // another photo was chosen meanwhile: its own answer comes
  if (!value.key) empty();
  else if (value.problem) showProblem(value);
  else show(value);
}

function empty() {
  forget();
  setState("empty");
}

function choose(file) {
  view.sending = false;
  view.awaited = file?.path ?? null;
  for (const place of [find("said"), find("notice"), aside]) place.textContent = "";
  if (file) busy(words.working, file.url);
  else empty();
}

// A new photo is on its way: the car that is there is no longer the one that was chosen.
function sendingBegan() {
  clearTimeout(slackTimer); // of the photo before
  view.sending = true;
  if (view.painter || stage.dataset.state === "busy") busy(words.uploading);
}

// The photo is told of a moment later; one that did not arrive is not.
function sendingEnded() {
  slackTimer = setTimeout(() => view.sending && ((view.sending = false), settle()), SLACK_MS);
}

// A new file was chosen: it may never arrive, and what was wrong with the last one is no longer of interest.
function clearProblem() {
  if (stage.dataset.state === "problem") empty();
}

// Nothing will come of what was asked for; without a car the photo has to be chosen again, for the page does not hear of its
// return.
function serverGone() {
  handed(null);
  if (stage.dataset.state === "busy" && !view.painter) return showProblem({ key: view.awaited, problem: words.gone_early });
  settle();
  notice(words.gone);
}

// --- controls ------------------------------------------------------------------------------------------------------------

slider.addEventListener("input", () => {
  rest();
  setLevel(Number(slider.value));
});
slider.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 0.05, ArrowUp: 0.05, ArrowLeft: -0.05, ArrowDown: -0.05, PageUp: 0.5, PageDown: -0.5 }[event.key];
  if (!step) return; // Home and End are the browser's own
  event.preventDefault();
  rest();
  setLevel(view.level + step);
});
for (const tick of stage.querySelectorAll(".tick")) {
  tick.addEventListener("click", () => glide(view.level, Number(tick.dataset.level), calm.matches ? 1 : 450, 1));
}
find("play").addEventListener("click", play);

function press(button, on) {
  button.setAttribute("aria-pressed", on);
}

holdToCompare(stage, find("compare"));

function setSplit(percent) {
  view.split = Math.min(100, Math.max(0, percent));
  stage.style.setProperty("--split", view.split + "%");
  handle.setAttribute("aria-valuenow", Math.round(view.split));
  handle.setAttribute("aria-valuetext", words.split_at.replace("%s", Math.round(view.split)));
}
function dragSplit(event) {
  const box = picture.getBoundingClientRect();
  setSplit((100 * (event.clientX - box.left)) / box.width);
}
find("split").addEventListener("click", () => {
  view.splitting = !view.splitting;
  press(find("split"), view.splitting);
  stage.classList.toggle("splitting", view.splitting);
  handle.hidden = !view.splitting;
});
picture.addEventListener("pointerdown", (event) => {
  if (!view.splitting || event.button !== 0 || event.target.closest("button")) return;
  event.preventDefault();
  handle.focus({ preventScroll: true });
  picture.setPointerCapture(event.pointerId);
  dragSplit(event);
});
picture.addEventListener("pointermove", (event) => picture.hasPointerCapture(event.pointerId) && dragSplit(event));
handle.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  setSplit(view.split + step);
});

find("trace").addEventListener("click", () => press(find("trace"), stage.classList.toggle("traced")));

picture.addEventListener("click", pickByTap);
for (const [name, event] of [["all-cars", "everyone"], ["whole", "whole"], ["reseed", "reseed"]]) {
  find(name).addEventListener("click", () => {
    if (stage.dataset.state === "busy") return;
    find("problem").hidden = true;
    busy(event === "reseed" ? words.reseeding : words.working);
    trigger(event, {});
  });
}

const turnFull = () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen());
if (stage.requestFullscreen) find("full").addEventListener("click", turnFull);
else find("full").hidden = true;

// The page speaks to the stage by these events: a photo was chosen, there will be no answer, a file is ready.
window.addEventListener("corrovis:photo", (event) => choose(event.detail));
window.addEventListener("corrovis:failed", settle);
offerFiles();
hideBroken(".preview, .photo img");
takePhotos(workspace, words, clearProblem, notice);
watchUpload(workspace, sendingBegan, sendingEnded);
nameThumbnails(workspace, props.examples);
watchServer(() => stage.dataset.state === "busy" || stage.querySelector(".save[aria-busy]"), serverGone);
watch("value", receive);
setSplit(50);
setLevel(0);
empty();
receive();
rememberPhoto(() => view.awaited, () => notice(words.anew));
