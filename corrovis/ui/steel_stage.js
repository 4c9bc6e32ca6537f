// The steel stage: a patch and what was made of it are sent once (see steel_jobs.py); choosing and strength ask nobody.
// A strength between 0 and 1 is a blend of two pictures, and so is the opacity of one image over another.
const words = props.words;
const stage = element.querySelector(".steel-stage");
const find = (name) => stage.querySelector("." + name);
const [slider, seed] = ["strength input", "seed input"].map(find);
const CLEAN = props.clean, SHOWN = 3;
const view = { value: null, chosen: null, strength: 1, awaited: null }; // awaited: the plate chosen last, until it is there

const cellOf = (name) => view.value.cells.find((cell) => cell.name === name);
const label = (name) => words.classes[name] || name;

function setState(state) {
  stage.dataset.state = state;
  stage.setAttribute("aria-busy", state === "busy");
  for (const control of stage.querySelectorAll("button, input")) control.disabled = state !== "ready";
}

// --- drawing -------------------------------------------------------------------------------------------------------------

function drawGrid() {
  const cells = view.value.cells.filter((cell) => cell.name !== CLEAN);
  find("grid").replaceChildren(
    ...cells.map((cell) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.name = cell.name;
      const picture = document.createElement("img");
      picture.src = cell.uri;
      picture.alt = "";
      const text = document.createElement("span");
      text.textContent = label(cell.name);
      button.append(picture, text);
      button.addEventListener("click", () => {
        choose(cell.name);
        find("plate").scrollIntoView({ block: "nearest" });
      });
      return button;
    }),
  );
}

function choose(name) {
  view.chosen = name;
  find("over").src = cellOf(name).uri;
  for (const button of find("grid").children) button.setAttribute("aria-pressed", button.dataset.name === name);
  find("wipe").setAttribute("aria-pressed", name === CLEAN);
  draw();
  settle();
}

function draw() {
  const { chosen, strength } = view;
  slider.value = strength;
  stage.style.setProperty("--fill", strength);
  find("over").style.opacity = strength;
  find("name").textContent = strength === 0 ? words.as_it_came : chosen === CLEAN ? words.wiped : label(chosen);
  find("number").textContent = percentText(strength);
  find("seen").setAttribute("aria-busy", "true"); // what is seen in another picture is not shown beside this one
  stage.dataset.drawn = chosen + " " + strength.toFixed(2);
}

// The whole defect and the patch as it came were looked at beforehand; a strength in between is asked for once it rests.
function settle() {
  const { chosen, strength, value } = view;
  if (strength === 0 || strength === 1) return showSeen(strength ? cellOf(chosen).probabilities : value.probabilities);
  trigger("look", { name: chosen, strength });
}

const likeliest = (probabilities) => Object.entries(probabilities).sort((a, b) => b[1] - a[1]).slice(0, SHOWN);

function showSeen(probabilities) {
  const most = likeliest(probabilities);
  find("seen").setAttribute("aria-busy", "false");
  find("seen").hidden = !most.length;
  find("seen").querySelector("ul").replaceChildren(
    ...most.map(([name, share], rank) => shareRow(label(name), share, rank === 0)),
  );
}

// What the inspector says of the whole picture, whatever is chosen and however much of it is shown; and what to know of it.
function showCame(probabilities, warnings) {
  const [most] = likeliest(probabilities);
  const seen = most ? [`${words.as_it_came}: ${label(most[0])}, ${percentText(most[1])}`] : [];
  find("came").replaceChildren(
    ...[...seen, ...warnings].map((text) => Object.assign(document.createElement("p"), { textContent: text })),
  );
}

// --- what the server sends -----------------------------------------------------------------------------------------------

function receive() {
  if (!props.value) {
    view.value = null;
    return setState("empty");
  }
  const value = JSON.parse(props.value);
  if (view.awaited && value.file !== view.awaited) return; // an answer about a plate chosen earlier
  if (value.look) return view.value && value.key === view.value.key && sameAsShown(value) && showSeen(value.look);
  view.awaited = null;
  find("problem").hidden = !value.problem;
  find("problem").textContent = value.problem || "";
  if (value.problem) {
    view.value = null;
    return setState("problem");
  }
  const isNew = !view.value || view.value.source !== value.source;
  view.value = value;
  if (isNew) view.strength = 1;
  find("base").src = value.base;
  stage.style.setProperty("--aspect", value.width / value.height);
  find("crop").hidden = !value.cropped;
  seed.value = value.seed;
  drawGrid();
  showCame(value.as_it_came, value.warnings);
  setState("ready");
  choose(!isNew && cellOf(view.chosen) ? view.chosen : value.cells[0].name);
}

const sameAsShown = (value) => value.name === view.chosen && Math.abs(value.strength - view.strength) < 0.005;

// --- controls ------------------------------------------------------------------------------------------------------------

slider.addEventListener("input", () => {
  view.strength = Number(slider.value);
  draw();
});
slider.addEventListener("change", settle);
find("wipe").addEventListener("click", () => choose(view.chosen === CLEAN ? view.value.cells[0].name : CLEAN));
function reseed(number) {
  setState("busy");
  trigger("reseed", { seed: number });
}
find("reseed").addEventListener("click", () => reseed(view.value.seed + 1));
seed.addEventListener("change", () => {
  if (seed.value !== "" && seed.checkValidity()) reseed(Number(seed.value));
  else seed.value = view.value.seed;
});
find("keep").addEventListener("click", () => {
  if (takeTurn(find("keep"), [find("keep")])) trigger("save", { name: view.chosen, strength: view.strength });
});

holdToCompare(stage, find("compare"));
hideBroken(".steel-photo img");

window.addEventListener("corrovis:steel", (event) => {
  view.awaited = event.detail ? event.detail.path : null;
  if (!event.detail) return receive();
  find("problem").hidden = true;
  find("base").src = event.detail.url;
  setState("busy");
});
window.addEventListener("corrovis:steel-failed", () => {
  view.awaited = null;
  seed.value = view.value?.seed ?? "";
  setState(view.value ? "ready" : "empty");
});
window.addEventListener("corrovis:steel-saved", (event) => handOver(event.detail, [find("keep")]));
watch("value", receive);
setState("empty");
receive();
