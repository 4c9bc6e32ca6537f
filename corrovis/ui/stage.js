// What stages do alike: show the picture as it came while a button is held, hand over files, read pictures, draw bars.

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
  if (file) download(file.url, file.orig_name || "");
}

function download(href, name) {
  Object.assign(document.createElement("a"), { href, download: name }).click();
}

// The pixels of a PNG in a data URI, without colour management, which would change the bytes.
async function pixelsOf(uri) {
  const bytes = Uint8Array.from(atob(uri.slice(uri.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
  const asSent = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), asSent);
  const { width, height } = bitmap;
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  const context = sheet.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

const percentText = (share) => (share > 0 && share < 0.01 ? "<1" : Math.round(100 * share)) + " %";

// A line of a list of bars: name, bar, share.
function shareRow(name, share, isMost) {
  const row = document.createElement("li");
  row.className = isMost ? "most" : "";
  row.innerHTML = "<span></span><i><b></b></i><em></em>";
  row.children[0].textContent = name;
  row.querySelector("b").style.width = 100 * share + "%";
  row.children[2].textContent = percentText(share);
  return row;
}

// What no browser can show, a TIFF for one, leaves no broken picture behind where `pictures`, a selector, are.
function hideBroken(pictures) {
  for (const [event, look] of [["error", "hidden"], ["load", ""]]) {
    document.addEventListener(event, ({ target }) => target.matches?.(pictures) && (target.style.visibility = look), true);
  }
}
