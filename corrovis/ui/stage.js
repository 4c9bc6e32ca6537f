// What every stage does alike: show the picture as it came while a button is held, and hand over a file, one at a time.

function holdToCompare(stage, button) {
  const set = (on) => {
    button.setAttribute("aria-pressed", on);
    stage.classList.toggle("comparing", on);
  };
  const isPressKey = (event) => event.key === " " || event.key === "Enter";
  button.addEventListener("pointerdown", (event) => event.button === 0 && set(true));
  button.addEventListener("keydown", (event) => isPressKey(event) && set(true));
  button.addEventListener("keyup", (event) => isPressKey(event) && set(false));
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"]) button.addEventListener(name, () => set(false));
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}

// Marks `button` as busy and says true, unless one of `buttons` is: gradio would drop a second request without a word.
function takeTurn(button, buttons) {
  if ([...buttons].some((one) => one.hasAttribute("aria-busy"))) return false;
  button.setAttribute("aria-busy", "true");
  return true;
}

// `buttons` were busy until there was an answer; without a file it failed, and the page has said why.
function handOver(file, buttons) {
  for (const button of buttons) button.removeAttribute("aria-busy");
  if (!file) return;
  const link = document.createElement("a");
  link.href = file.url;
  link.download = file.orig_name || "";
  link.click();
}
