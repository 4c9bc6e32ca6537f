// What can be taken home of the stage; `stage`, `view` and the like are those of corrosion_stage.js.

function offerFiles() {
  for (const button of stage.querySelectorAll(".save")) button.addEventListener("click", () => save(button));
  window.addEventListener("corrovis:saved", (event) => handed(event.detail));
}

function save(button) {
  if (!takeTurn(button, stage.querySelectorAll(".save"))) return notice(words.one_at_a_time);
  notice(words.making.replace("%s", button.textContent.trim()), Infinity);
  trigger("save", { kind: button.dataset.kind, level: view.level });
}

function handed(file) {
  if (stage.querySelector(".save[aria-busy]")) notice("");
  handOver(file, stage.querySelectorAll(".save"));
}
