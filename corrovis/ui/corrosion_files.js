// What can be taken home of the stage; `stage`, `view` and the like are those of corrosion_stage.js.

function offerFiles() {
  for (const button of stage.querySelectorAll(".save")) button.addEventListener("click", () => save(button));
  window.addEventListener("corrovis:saved", (event) => handed(event.detail));
}

function save(button) {
  if (!takeTurn(button, stage.querySelectorAll(".save"))) return notice(words.one_at_a_time);
  notice(words.making.replace("%s", button.textContent.trim()), Infinity);
  find("share-file").hidden = true;
  trigger("save", { kind: button.dataset.kind, level: view.level });
}

function handed(file) {
  const button = stage.querySelector(".save[aria-busy]");
  if (button) notice("");
  handOver(file, stage.querySelectorAll(".save"));
  if (file && button && navigator.canShare) offerToShare(file, button);
}

// Only a tap may share, and the file has to be here by then.
async function offerToShare(file, button) {
  const blob = await (await fetch(file.url)).blob();
  const what = { files: [new File([blob], file.orig_name, { type: blob.type })] }, share = find("share-file");
  if (!navigator.canShare(what)) return;
  share.textContent = words.share_file.replace("%s", button.textContent.trim());
  share.hidden = false;
  share.onclick = () => navigator.share(what).catch(() => {}); // a visitor may think better of it
}
