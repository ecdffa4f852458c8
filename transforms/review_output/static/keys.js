// Keys. They act on what has the focus: Enter and Space press a focused button, letters act on a focused finding.
// Elsewhere they act on the open recording.
import { at, element } from "./dom.js";

const SHEET = [
  ["Listen", [
    ["space", "play or pause"], ["← →", "back and forward two seconds"],
    ["a", "play the selected span, from 1 s before to 1 s after"], ["l", "the same, again and again"],
    [", .", "slower and faster"], ["x", "skip silence"], ["v", "quieter"], ["shift v", "louder"],
  ]],
  ["Find", [
    ["n", "next span"], ["shift n", "span before"], ["j k", "next and previous recording"],
    ["+ − 0", "zoom in, zoom out, whole recording"], ["z", "zoom to the selected span"], ["/", "search recordings"],
  ]],
  ["Correct", [
    ["m … m", "mark speech to mute: start, then end"], ["esc", "cancel the mark"],
    ["u", "false positive; take a change back; remove a mark"], ["del", "the same"],
    ["q w", "move the start of the span by 50 ms"], ["o p", "move its end"], ["shift ← →", "move all of it"],
    ["ctrl z", "undo"], ["ctrl shift z", "redo"],
  ]],
  ["Decide", [["enter", "save and open the next recording; asks where nothing was played"], ["?", "this sheet"]]],
];

const OF_A_SLIDER = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
const OF_THE_LIST = new Set(["j", "k", "?", "/"]);

export function fillSheet() {
  at("sheet-keys").replaceChildren(...SHEET.map(([title, rows]) => element("section", {}, element("h3", { textContent: title }),
    element("dl", {}, ...rows.flatMap(([keys, does]) => [element("dt", {}, ...keys.split(" ").map((key) => element(key === "…" ? "span" : "kbd", { textContent: key }))), element("dd", { textContent: does })])))));
}

// `act` has a function for each name below; `act.focus(id)` selects a span.

export function listenToKeys(act) {
  const keys = {
    " ": act.play, a: act.around, l: act.loop, x: act.silence, ",": act.slower, ".": act.faster, v: act.quieter, V: act.louder,
    n: act.next, N: act.previous, j: act.nextRecording, k: act.previousRecording, "/": act.search,
    "+": act.zoomIn, "=": act.zoomIn, "-": act.zoomOut, "0": act.zoomAll, z: act.zoomToSpan,
    m: act.mark, Escape: act.cancel, u: act.toggle, Delete: act.toggle, Backspace: act.toggle,
    q: () => act.nudge(-1, 0), w: () => act.nudge(1, 0), o: () => act.nudge(0, -1), p: () => act.nudge(0, 1),
    ArrowLeft: act.back, ArrowRight: act.forward, Enter: act.save, "?": act.sheet,
  };
  const shifted = { ArrowLeft: () => act.nudge(-1, -1), ArrowRight: () => act.nudge(1, 1) };

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    // Held down, it would confirm one recording after the other.
    if (key === "Enter" && event.repeat) event.preventDefault();
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const field = target.closest("input:not([type=checkbox], [type=range]), select, textarea");
    if (event.ctrlKey || event.metaKey) {
      const undo = { z: event.shiftKey ? act.redo : act.undo, Z: act.redo, y: act.redo }[key];
      if (!undo || field) return;
      event.preventDefault();
      undo();
      return;
    }
    if (event.altKey) return;
    if (field) {
      if (key === "Escape") field.blur();
      return;
    }
    if (target.closest("button, a, summary, input") && (key === "Enter" || key === " ")) return;
    if (target.matches("input[type=range]") && OF_A_SLIDER.has(key)) return;
    if (target.closest("nav") && !OF_THE_LIST.has(key)) return;
    const finding = target.closest("#findings li");
    if (finding && (key === "ArrowDown" || key === "ArrowUp")) {
      event.preventDefault();
      (key === "ArrowDown" ? finding.nextElementSibling : finding.previousElementSibling)?.firstChild.focus();
      return;
    }
    const run = (event.shiftKey && shifted[key]) || keys[key];
    if (!run) return;
    event.preventDefault();
    if (finding) act.focus(finding.dataset.id);
    run();
  });

  // A button that was pressed with the mouse does not keep the keys to itself.
  document.addEventListener("click", (event) => {
    if (event.detail > 0 && !document.querySelector("dialog[open]")) event.target.closest("button, summary")?.blur();
  });
}
