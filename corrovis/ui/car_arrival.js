// What happens around the stage: how a photo comes in besides by the upload's own ways, and what is said when the server is gone.

// `workspace` holds the upload and the stage.  A pasted picture goes where a chosen file goes; `cleared` is called when a new one
// is chosen, however; `say` tells why none came.
function takePhotos(workspace, words, cleared, say) {
  const field = () => workspace.querySelector(".photo input[type=file]");
  const put = (file) => {
    const files = new DataTransfer();
    files.items.add(file.name.startsWith(".") ? renamed(file) : file);
    field().files = files.files;
    field().dispatchEvent(new Event("change", { bubbles: true }));
  };
  const texts = "textarea, [contenteditable]:not([contenteditable=false]), input:not([type=range], [type=file])";
  const isText = (element) => element?.matches(texts);
  document.addEventListener("paste", (event) => {
    if (!workspace.getClientRects().length || event.defaultPrevented || isText(document.activeElement)) return;
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (!file || !field()) return say(words.no_paste);
    event.preventDefault();
    put(file);
  });
  // The server refuses names that begin with a dot, without a word, so such a file is sent under another one.
  const intercept = (event, files) => {
    cleared();
    const hidden = files?.length && files[0].name.startsWith(".");
    if (!hidden || !field()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    put(files[0]);
  };
  workspace.addEventListener("change", (event) => event.target === field() && intercept(event, event.target.files), true);
  workspace.addEventListener("drop", (event) => {
    if (!event.target.closest(".photo")) return;
    intercept(event, event.dataTransfer?.files);
    if (!event.defaultPrevented) return;
    event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true })); // it still looks dragged over
  }, true);
}

function renamed(file) {
  const name = file.name.replace(/^\.+/, "");
  return new File([file], name.includes(".") ? name : "photo." + (name || "jpg"), { type: file.type });
}

// Calls `began` when the upload's own box begins to tell of a file on its way, and `ended` when it no longer does.
function watchUpload(workspace, began, ended) {
  let sending = false;
  new MutationObserver(() => {
    const before = sending;
    sending = Boolean(workspace.querySelector(".photo .uploading"));
    if (sending !== before) (sending ? began : ended)();
  }).observe(workspace, { childList: true, subtree: true });
}

// Thumbnails are pictures alone: they get `names`, also when they are drawn later.
function nameThumbnails(workspace, names) {
  const name = () => {
    const items = workspace.querySelectorAll(".gallery-item");
    items.forEach((item, n) => names[n] && item.setAttribute("aria-label", names[n]));
  };
  new MutationObserver(name).observe(workspace, { childList: true, subtree: true });
  name();
}

const ASK_MS = 3000, PATIENCE_MS = 30000, MOST_UNANSWERED = 2;

// Calls `gone` when the server has not answered for some seconds while `isWaiting()` for it.
function watchServer(isWaiting, gone) {
  let unanswered = 0;
  const ask = async () => {
    if (isWaiting()) {
      try {
        await fetch("robots.txt", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
        unanswered = 0;
      } catch {
        unanswered++;
      }
    } else unanswered = 0;
    if (unanswered >= MOST_UNANSWERED) {
      unanswered = 0;
      gone();
    }
    setTimeout(ask, ASK_MS);
  };
  setTimeout(ask, ASK_MS);
}

// When the server comes back, or a visitor by Back or Forward, the page is loaded anew, without its photo: says so.
// A browser may forbid to remember anything.
function rememberPhoto(hasPhoto, say) {
  const KEY = "corrovis:photo";
  try {
    const [entry] = performance.getEntriesByType("navigation");
    if (sessionStorage.getItem(KEY) && ["reload", "back_forward"].includes(entry?.type)) say();
    sessionStorage.removeItem(KEY);
    window.addEventListener("pagehide", () => hasPhoto() && sessionStorage.setItem(KEY, "1"));
  } catch {
    return;
  }
}
