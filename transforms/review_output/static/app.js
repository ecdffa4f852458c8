// Script of the review page. Text from recordings enters the document as text only, never as markup.
import WaveSurfer from "/static/vendor/wavesurfer.esm.js";
import RegionsPlugin from "/static/vendor/regions.esm.js";

const SEEK_S = 2;
const SHORTEST_MARK_S = 0.3;
const SHORTEST_SPAN_S = 0.05;
const FADE_S = 0.01;
const NUDGE_S = 0.05;
const COLOURS = { muted: "rgba(120, 130, 145, 0.35)", uncertain: "rgba(225, 150, 20, 0.45)", falsePositive: "rgba(60, 160, 90, 0.4)", missed: "rgba(200, 50, 40, 0.4)", moved: "rgba(150, 70, 190, 0.4)" };

const STATES = { to_render: "corrected, not rendered", to_unmute: "corrected, false positives still muted", rendered: "corrected, rendered" };

const at = (id) => document.getElementById(id);
const nonce = document.querySelector("meta[name=csp-nonce]").content;
const state = { recordings: [], shown: [], current: null, player: null, regions: null, selected: null, marking: null, words: [], spans: new Map() };

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const text = `${minutes}:${String(whole % 60).padStart(2, "0")}`;
  return whole < 3600 ? text : `${Math.floor(whole / 3600)}:${text.padStart(5, "0")}`;
}

async function request(path, options) {
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error((await answer.text()) || `the server answered ${answer.status}`);
  return answer.json();
}

function showError(message) {
  at("error").textContent = message;
  at("error").hidden = !message;
}

// The list

async function loadList() {
  const { recordings, policies, uncertain, command, has_store } = await request("/api/recordings");
  Object.assign(state, { recordings, uncertain, command, has_store });
  at("policy").replaceChildren(...policies.map((policy) => element("option", { value: policy, textContent: policy })));
  at("policy").value = "person_name";
  showList();
}

function showList() {
  const wanted = at("search").value.toLowerCase();
  const openOnly = at("open-only").checked;
  state.shown = state.recordings.filter((one) => one.recording_id.toLowerCase().includes(wanted) && !(openOnly && one.decision));
  const reviewed = state.recordings.filter((one) => one.decision).length;
  at("progress").textContent = `${reviewed} of ${state.recordings.length} reviewed`;
  at("recordings").replaceChildren(...state.shown.map(listItem));
  showToDo();
}

// Every run applies the corrections; one command applies them now.

function showToDo() {
  const toRender = state.recordings.filter((one) => one.state === "to_render").length;
  const toUnmute = state.recordings.filter((one) => one.state === "to_unmute").length;
  at("to-do").hidden = !toRender && !toUnmute;
  const lines = [];
  if (toRender) lines.push(element("p", { textContent: `Corrected but not rendered yet: ${toRender}. This command mutes the marked speech: ` }, element("code", { textContent: state.command })));
  if (toUnmute) lines.push(element("p", { textContent: `With false positives that are still muted: ${toUnmute}. Only the source and the store can restore them.` }));
  if (lines.length) lines.push(element("p", { textContent: state.has_store ? "With --store and --store_key, the command also restores false positives." : "No run of this output kept a store (--store): the next run of the manifest transcribes these recordings again and restores false positives." }));
  at("to-do").replaceChildren(...lines);
}

function listItem(one) {
  const details = [STATES[one.state] ?? one.decision, clock(one.duration_s), `${one.findings} findings`, ...one.reasons].filter(Boolean).join(" · ");
  const button = element("button", { type: "button", onclick: () => open(one) }, element("strong", { textContent: one.recording_id }), element("small", { textContent: details }));
  button.dataset.id = one.recording_id;
  button.ariaCurrent = String(state.current?.recording_id === one.recording_id);
  return element("li", {}, button);
}

function step(by) {
  const index = state.shown.findIndex((one) => one.recording_id === state.current?.recording_id);
  const next = state.shown[index + by];
  if (next) open(next);
}

// One recording

async function open(one) {
  state.current = one;
  state.player?.destroy();
  Object.assign(state, { player: null, regions: null, selected: null, marking: null, words: [], spans: new Map() });
  for (const button of at("recordings").querySelectorAll("button")) button.ariaCurrent = String(button.dataset.id === one.recording_id);
  at("welcome").hidden = true;
  at("recording").hidden = false;
  at("title").textContent = one.recording_id;
  at("reasons").textContent = one.reasons.join(" · ") || "No problems found";
  at("waveform").replaceChildren();
  at("transcript").replaceChildren();
  showError("");
  update();
  const path = `/api/recordings/${encodeURIComponent(one.recording_id)}`;
  try {
    const detail = await request(path);
    if (state.current !== one) return;
    state.detail = detail;
    showTranscript(detail);
    if (one.audible) {
      const outline = await request(`${path}/peaks`);
      if (state.current === one) showWaveform(one, detail, outline, `${path}/audio`);
    } else {
      showError("This recording has a transcript only (redact_pii_audio: false): there is no audio to play.");
    }
  } catch (error) {
    if (state.current === one) showError(error.message);
  }
}

function showTranscript(detail) {
  const lines = detail.utterances.map((utterance) => {
    const words = utterance.words.filter((word) => word.text).map((word) => {
      const made = element("span", { className: word.redacted ? "word redacted" : "word", textContent: word.text, onclick: () => seek(word.start_s) });
      state.words.push({ start_s: word.start_s, end_s: word.end_s, channel: utterance.channel, made });
      return made;
    });
    const speaker = `${utterance.speaker} ${clock(utterance.start_s)}`;
    return element("div", { className: "utterance" }, element("span", { className: "speaker", textContent: speaker }), element("p", {}, ...words));
  });
  at("transcript").replaceChildren(...lines);
}

function showWaveform(one, detail, outline, audio) {
  state.regions = RegionsPlugin.create();
  state.player = WaveSurfer.create({
    container: at("waveform"), url: audio, peaks: outline.peaks, duration: outline.duration_s, cspNonce: nonce, normalize: true,
    height: 96, splitChannels: outline.peaks.length > 1, waveColor: "#7a93b3", progressColor: "#2563a8", plugins: [state.regions],
  });
  state.player.on("timeupdate", follow);
  state.player.on("error", () => showError("The browser cannot play this recording's format. The transcript and the muted spans are complete."));
  state.regions.on("region-clicked", (region, event) => { event.stopPropagation(); select(region); });
  state.regions.on("region-updated", (region) => { select(region, false); moveTwins(region); update(); });
  // Not earlier: until the length is known, every region would start at 0.
  state.player.once("ready", () => { drawAll(detail); });
}

function drawAll(detail) {
  const falsePositives = new Map((detail.review?.false_positives ?? []).map((span) => [key(span), span]));
  const missed = detail.review?.missed ?? [];
  for (const [channel, start_s, end_s] of detail.muted) {
    // A mark that was rendered is drawn once, as the mark.
    if (missed.some((mark) => mark.channel === channel && mark.start_s <= start_s + FADE_S && mark.end_s >= end_s - FADE_S)) continue;
    const span = { channel, start_s, end_s };
    const found = detail.findings.filter((finding) => finding.channel === channel && finding.start_s < end_s && finding.end_s > start_s);
    const kind = found.some((finding) => finding.score < state.uncertain) ? "uncertain" : "muted";
    const region = draw(span, falsePositives.delete(key(span)) ? "falsePositive" : kind, found[0]?.policy ?? "");
    const titles = found.map((finding) => `${finding.policy} ${finding.score.toFixed(2)} (${finding.detector})`);
    region.element?.setAttribute("title", titles.join(", ") || "muted because another channel repeats it, or because verification recognised it");
  }
  // A rendered correction stays in the review: later runs apply it again.
  for (const span of falsePositives.values()) draw(span, "falsePositive");
  for (const span of missed) draw(span, "missed", span.policy);
  follow(0);
  update();
}

const key = (span) => `${span.channel} ${span.start_s.toFixed(3)} ${span.end_s.toFixed(3)}`;

// Kinds of spans: `missed` is a mark; the others were muted when the page was drawn: `muted`, `uncertain`, `falsePositive`, `moved`.

function draw(span, kind, policy = "") {
  const region = state.regions.addRegion({
    start: span.start_s, end: span.end_s, channelIdx: state.player.options.splitChannels ? span.channel : -1,
    color: COLOURS[kind], drag: kind !== "falsePositive", resize: kind !== "falsePositive", content: kind === "missed" ? policy : undefined,
  });
  state.spans.set(region, { kind, policy, channel: span.channel, muted: kind === "falsePositive" ? "muted" : kind, was: kind === "missed" ? null : span });
  return region;
}

function select(region, play = true) {
  state.selected = region;
  if (play) seek(region.start);
  for (const other of state.spans.keys()) if (other.element) other.element.style.outline = other === region ? "2px solid #2563a8" : "none";
  update();
}

function become(region, kind) {
  const span = state.spans.get(region);
  span.kind = kind;
  const place = kind === "moved" || kind === "missed" ? {} : { start: span.was.start_s, end: span.was.end_s };
  region.setOptions({ ...place, color: COLOURS[kind], drag: kind !== "falsePositive", resize: kind !== "falsePositive" });
}

// Mixed channels were transcribed as one, so a span's channel is unknown: a change to one channel applies to all.

function twinsOf(region) {
  const { was } = state.spans.get(region);
  if (!state.detail.mixed || !was) return [region];
  return [...state.spans].filter(([, other]) => other.was && other.was.start_s === was.start_s && other.was.end_s === was.end_s).map(([twin]) => twin);
}

function moveTwins(region) {
  for (const twin of twinsOf(region)) {
    const span = state.spans.get(twin);
    if (twin !== region) twin.setOptions({ start: region.start, end: region.end });
    if (!span.was) continue;
    const moved = Math.abs(region.start - span.was.start_s) > 0.001 || Math.abs(region.end - span.was.end_s) > 0.001;
    become(twin, moved ? "moved" : span.muted);
  }
}

function nudge(start_s, end_s) {
  const region = state.selected;
  if (!region || state.spans.get(region).kind === "falsePositive") return;
  const start = Math.max(0, region.start + start_s);
  const end = Math.min(state.player.getDuration(), region.end + end_s);
  if (end - start < SHORTEST_SPAN_S || (start_s && end_s && end - start < region.end - region.start - 0.001)) return;
  region.setOptions({ start, end });
  moveTwins(region);
  seek(start);
  update();
}

function seek(seconds) {
  state.player?.setTime(Math.min(Math.max(0, seconds), state.player.getDuration()));
}

function follow(seconds) {
  at("clock").textContent = `${clock(seconds)} / ${clock(state.player.getDuration())}`;
  for (const word of state.words) word.made.classList.toggle("now", word.start_s <= seconds && seconds < word.end_s);
}

// Marks: `m` at the start of the speech to mute, `m` again at its end.

function mark() {
  if (!state.player) return;
  const now = state.player.getCurrentTime();
  if (state.marking === null) {
    state.marking = now;
  } else {
    const span = { start_s: Math.min(state.marking, now), end_s: Math.max(state.marking, now), channel: 0 };
    span.end_s = Math.min(Math.max(span.end_s, span.start_s + SHORTEST_MARK_S), state.player.getDuration());
    state.marking = null;
    // The picture does not show which channel a voice was in: a mark applies to all channels.
    for (let channel = 0; channel < state.detail.channels; channel += 1) state.selected = draw({ ...span, channel }, "missed", at("policy").value);
  }
  update();
}

function remove() {
  const span = state.spans.get(state.selected);
  if (!span) return;
  if (span.kind !== "missed") {
    toggleFalsePositive();
    return;
  }
  state.spans.delete(state.selected);
  state.selected.remove();
  state.selected = null;
  update();
}

function toggleFalsePositive() {
  const span = state.spans.get(state.selected);
  if (!span || span.kind === "missed") return;
  const kind = span.kind === "falsePositive" || span.kind === "moved" ? span.muted : "falsePositive";
  for (const twin of twinsOf(state.selected)) become(twin, kind);
  update();
}

function nextSpan() {
  if (!state.player) return;
  const now = state.player.getCurrentTime();
  const later = [...state.spans.keys()].filter((region) => region.start > now + 0.05).sort((a, b) => a.start - b.start);
  if (later.length) select(later[0]);
}

const placeOf = (region, channel) => ({ channel, start_s: region.start, end_s: region.end });

function marked() {
  return [...state.spans].filter(([, { kind }]) => kind === "missed" || kind === "moved")
    .map(([region, span]) => ({ ...placeOf(region, span.channel), policy: span.policy || at("policy").value }));
}

// Muted spans to restore: false positives, and the old places of spans that were moved or made shorter.

function restored() {
  return [...state.spans].filter(([region, { kind, was }]) => kind === "falsePositive" || (kind === "moved" && (region.start > was.start_s + 0.001 || region.end < was.end_s - 0.001)))
    .map(([, { was, channel }]) => ({ channel, start_s: was.start_s, end_s: was.end_s }));
}

function update() {
  const marks = marked();
  const kept = restored();
  const kind = state.spans.get(state.selected)?.kind;
  at("save").firstChild.textContent = marks.length + kept.length ? "Save corrections and continue " : "Confirm and continue ";
  at("mark").firstChild.textContent = state.marking === null ? "Mark speech to mute " : "End the mark here ";
  at("remove").firstChild.textContent = kind === "falsePositive" || kind === "moved" ? "Undo this change " : kind === "missed" ? "Remove the mark " : "Mark as false positive ";
  at("remove").disabled = !kind;
  at("consequence").textContent = !kept.length ? "" : state.has_store ? "Rendering restores false positives from the store and the source." : "No run of this output kept a store: false positives stay muted until a run transcribes the recording again.";
  for (const word of state.words) word.made.classList.toggle("marked", marks.some((mark) => covers(mark, word)));
}

// The same rule as in transforms/correct_findings: which words a mark covers.

function covers(mark, word) {
  const shared = Math.min(mark.end_s, word.end_s) - Math.max(mark.start_s, word.start_s);
  return (state.detail.mixed || mark.channel === word.channel) && shared > 0 && shared >= Math.min(mark.end_s - mark.start_s, word.end_s - word.start_s) / 3;
}

async function save() {
  const one = state.current;
  if (!one) return;
  const missed = marked();
  const falsePositives = restored();
  const decision = missed.length + falsePositives.length ? "corrected" : "confirmed";
  try {
    const kept = await request(`/api/recordings/${encodeURIComponent(one.recording_id)}/review`, {
      method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ decision, missed, false_positives: falsePositives }),
    });
    Object.assign(one, kept);
  } catch (error) {
    showError(error.message);
    return;
  }
  const index = state.shown.indexOf(one);
  const next = state.shown[index + 1];
  showList();
  if (next) open(next);
  else open(one);
}

const KEYS = {
  " ": () => state.player?.playPause(), m: mark, u: remove, n: nextSpan, j: () => step(1), k: () => step(-1),
  Delete: remove, Backspace: remove, Enter: save,
  q: () => nudge(-NUDGE_S, 0), w: () => nudge(NUDGE_S, 0), o: () => nudge(0, -NUDGE_S), p: () => nudge(0, NUDGE_S),
  ArrowLeft: () => seek(state.player?.getCurrentTime() - SEEK_S), ArrowRight: () => seek(state.player?.getCurrentTime() + SEEK_S),
};

const SHIFTED = { ArrowLeft: () => nudge(-NUDGE_S, -NUDGE_S), ArrowRight: () => nudge(NUDGE_S, NUDGE_S) };

document.addEventListener("keydown", (event) => {
  if (["INPUT", "SELECT"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = (event.shiftKey && SHIFTED[event.key]) || KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
at("play").onclick = () => state.player?.playPause();
at("mark").onclick = mark;
at("remove").onclick = remove;
at("save").onclick = save;
at("search").oninput = showList;
at("open-only").onchange = showList;
loadList().catch((error) => { at("welcome").textContent = error.message; });
