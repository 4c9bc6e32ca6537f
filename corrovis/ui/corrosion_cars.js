// Which of several cars rusts: chosen by a tap on it or by its button.  `view`, `find` and the like are those of
// corrosion_stage.js.

const NEAR = 0.03; // of the picture's long side: a tap this far from a car is meant for it

// Whether the point (x, y) of the picture, in its pixels, lies on what `path` goes around, or at most `near` pixels from it.
function isOn(path, { x, y }, near) {
  view.context.lineWidth = 2 * near;
  return view.context.isPointInPath(path, x, y, "evenodd") || (near > 0 && view.context.isPointInStroke(path, x, y));
}

const pixelAt = ({ x, y }) => ({ x: x * aged.width, y: y * aged.height });
const isChosen = (at) => Boolean(view.chosen) && isOn(view.chosen, pixelAt(at), 0);

function offerCars(value) {
  view.places = value.places.map(([x, y]) => ({ x, y }));
  view.pickable = view.places.length > 1;
  picture.classList.toggle("pickable", view.pickable);
  find("cars").hidden = !view.pickable && !value.picked;
  find("cars-text").textContent = value.picked ? words.one_car : words.many_cars.replace("%s", view.places.length);
  find("all-cars").hidden = !value.picked;
  const buttons = find("each-car");
  const wanted = view.pickable ? view.places.length : 0;
  while (buttons.children.length > wanted) buttons.lastChild.remove(); // those that stay keep the focus
  while (buttons.children.length < wanted) buttons.append(buttonOf(buttons.children.length));
  view.places.slice(0, wanted).forEach((at, n) => press(buttons.children[n], isChosen(at)));
}

function buttonOf(n) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "pill" });
  button.textContent = words.car.replace("%s", n + 1);
  button.setAttribute("aria-label", words.car_alone.replace("%s", n + 1));
  button.addEventListener("click", () => pick(view.places[n]));
  return button;
}

function pick(at) {
  if (stage.dataset.state !== "ready" || isChosen(at)) return;
  busy(words.working);
  trigger("pick", at);
}

function pickByTap(event) {
  if (event.target.closest("button") || !view.pickable || view.splitting) return;
  const box = aged.getBoundingClientRect();
  const at = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  if (isOn(view.cars, pixelAt(at), NEAR * Math.max(aged.width, aged.height))) pick(at);
}
