// The review page: one recording at a time, and what a reviewer does with it.
import { at, clock, command, counted, element, preciseClock, request, say, showError } from "./dom.js";
import { Findings } from "./findings.js";
import { Draft, Played } from "./kept.js";
import { fillSheet, listenToKeys } from "./keys.js";
import { Player } from "./player.js";
import { Recordings } from "./recordings.js";
import { askName, knownName } from "./reviewer.js";
import { decisionOf, Spans } from "./spans.js";
import { lies, Transcript } from "./transcript.js";

const SEEK_S = 2;
const NUDGE_S = 0.05;
const ZOOM_STEP = 1.6;
const RATES = [0.75, 1, 1.25, 1.5, 2];
const DEFAULT_POLICY = "person_name";

const state = { listed: null, reviewer: "", recordings: null, current: null, detail: null, player: null, spans: null, played: null, findings: null, transcript: null, marking: null };

const pathOf = (one) => `/api/recordings/${encodeURIComponent(one.recording_id)}`;
const asReviewer = (path) => `${path}?reviewer=${encodeURIComponent(state.reviewer)}`;

async function start() {
  fillSheet();
  state.listed = await request("/api/recordings");
  state.reviewer = state.listed.reviewer ?? knownName();
  at("reviewer").hidden = state.listed.reviewer !== null;
  if (!state.reviewer) state.reviewer = await askName();
  await load();
}

async function load() {
  at("reviewer").textContent = `Reviewer: ${state.reviewer}`;
  state.listed = await request(asReviewer("/api/recordings"));
  const { policies } = state.listed;
  at("policy").replaceChildren(...policies.map((policy) => element("option", { value: policy, textContent: policy })));
  at("policy").value = DEFAULT_POLICY;
  state.recordings = new Recordings(state.listed, state.reviewer, (one) => { closeList(); open(one); });
  const first = state.recordings.firstOpen();
  if (first) open(first, false);
}

// One recording

async function open(one, takesFocus = true) {
  close();
  state.current = one;
  state.recordings.setCurrent(one);
  at("welcome").hidden = true;
  at("recording").hidden = false;
  at("title").textContent = one.recording_id;
  at("reasons").textContent = one.reasons.join(" · ") || "Nothing stands out";
  at("reasons").classList.toggle("calm", !one.reasons.length);
  showError("");
  say("");
  update();
  if (takesFocus) at("title").focus({ preventScroll: true });
  try {
    // The audio loads while the rest is asked for.
    const player = one.audible ? newPlayer(one) : null;
    state.player = player;
    const outline = one.audible ? request(`${pathOf(one)}/peaks`) : null;
    outline?.catch(() => {});
    const detail = await request(asReviewer(pathOf(one)));
    if (state.current !== one) return;
    begin(one, detail);
    if (!one.audible) showError("This recording has a transcript only (redact_pii_audio: false): there is no audio to play.");
    const drawn = await outline;
    if (player && state.player === player) {
      player.draw(drawn, () => { if (state.player === player) drawSpans(); });
      nameLanes(detail, player.channels);
    }
  } catch (error) {
    if (state.current === one) showError(error.message);
  }
}

function close() {
  state.player?.destroy();
  Object.assign(state, { player: null, spans: null, played: null, detail: null, findings: null, transcript: null, marking: null });
  for (const id of ["waveform", "lanes", "transcript", "findings", "others"]) at(id).replaceChildren();
  at("others").hidden = true;
  at("findings-count").textContent = "";
  at("no-findings").hidden = true;
  at("map").width = 0;
}

function begin(one, detail) {
  state.detail = detail;
  if (one.state !== detail.state) {
    one.state = detail.state; // rendered while the page was open
    state.recordings.show();
  }
  state.findings = new Findings((id) => choose(id));
  state.transcript = new Transcript(detail, clickedWord);
  const place = [state.listed.output, state.reviewer, one.recording_id, detail.output_identity];
  const draft = new Draft(...place);
  state.played = new Played(...place);
  state.spans = new Spans(detail, one.duration_s, state.listed.uncertain, draft, update);
  if (state.spans.isRestored) say("Your unsaved changes are back. Undo returns to what was saved.");
  showOthers(detail);
  update();
  follow(state.player?.position ?? 0);
}

function newPlayer(one) {
  const player = new Player(`${pathOf(one)}/audio`, one.duration_s, {
    time: (seconds) => { if (state.player === player || !state.player) follow(seconds); },
    playing: showPlaying,
    played: () => state.played?.keep(),
    clicked: (id) => choose(id),
    moved: (id, start, end) => {
      state.spans.selected = id;
      if (!state.spans.move(id, start, end)) drawSpans();
    },
    failed: () => showError("The browser cannot play this recording's format. The transcript and the muted spans are complete."),
  });
  player.rate = Number(at("rate").value);
  player.volume = volume();
  player.skipsSilence = at("silence").getAttribute("aria-pressed") === "true";
  return player;
}

// Channels as in the list of spans, with the speakers of the transcript.

function nameLanes(detail, channels) {
  const nameOf = (channel) => {
    const speakers = detail.mixed ? [] : [...new Set(detail.utterances.filter((one) => one.channel === channel).map((one) => one.speaker))];
    return `channel ${channel + 1}${speakers.length ? ` (${speakers.join(", ")})` : ""}`;
  };
  const lanes = channels > 1 ? [...Array(channels).keys()] : [];
  at("lanes").replaceChildren(...lanes.map((channel) => element("p", {}, element("span", { textContent: nameOf(channel) }))));
}

const DISPUTED = {
  missed: (one, who) => `${one.policy} on channel ${one.channel + 1} was marked by ${who} only. It is muted.`,
  kept: (one, who) => `${one.policy} on channel ${one.channel + 1} is marked by nobody any more. It stays muted until it is a false positive for ${who} too.`,
  false_positive: (one, who) => `on channel ${one.channel + 1} is a false positive for ${who} only. It stays muted.`,
};

// Others' decisions are told only after one's own.

function showOthers(detail) {
  const { others, disagreements } = detail;
  at("others").hidden = !others.length;
  if (!others.length) return;
  const names = others.map((review) => `${review.reviewer} (${review.decision}, ${new Date(review.reviewed_at).toLocaleDateString("en-GB")})`).join(", ");
  const lines = disagreements.map((one) => {
    const place = element("button", { type: "button", className: "link", textContent: preciseClock(one.start_s), onclick: () => seek(one.start_s) });
    return element("li", {}, place, ` ${DISPUTED[one.kind](one, one.reviewers.join(", "))}`);
  });
  at("others").replaceChildren(element("p", { textContent: `Also reviewed by ${names}. ${lines.length ? `${counted(lines.length, "disagreement")}:` : "All agree."}` }), element("ul", {}, ...lines));
}

// What the reviewer sees

function update() {
  const { spans, detail } = state;
  const selected = spans?.current ?? null;
  const review = spans?.toReview(at("policy").value);
  drawSpans();
  if (spans) {
    state.findings.show(spans.list, spans.selected, detail.channels);
    state.transcript.show(review.missed, selected, detail.mixed);
  }
  showSelection(selected);
  at("save").firstChild.textContent = review?.decision === "corrected" ? "Save corrections and continue " : "Confirm and continue ";
  at("save").disabled = !spans;
  at("mark").firstChild.textContent = state.marking === null ? "Mark speech to mute " : "End the mark here ";
  at("mark").classList.toggle("active", state.marking !== null);
  at("mark").disabled = !state.player || !spans;
  at("cancel").hidden = state.marking === null;
  at("undo").disabled = !spans?.canUndo;
  at("redo").disabled = !spans?.canRedo;
  at("unsaved").hidden = !spans?.isChanged;
  showConsequence(review);
}

function drawSpans() {
  if (state.spans && state.player) state.player.show(state.spans.list, state.spans.selected);
}

function showSelection(span) {
  const decision = span?.decision;
  at("remove").firstChild.textContent = decision === "missed" ? "Remove the mark " : decision === "falsePositive" || decision === "moved" ? "Take the change back " : "False positive ";
  for (const id of ["remove", "around", "loop", "zoom-span"]) at(id).disabled = !span || (id !== "remove" && !state.player);
  for (const button of document.querySelectorAll("[data-nudge]")) button.disabled = !span || decision === "falsePositive";
  if (!span) {
    at("selected").textContent = "No span selected";
    return;
  }
  const policy = span.policies?.join(", ") || span.policy || "muted because another channel repeats it, or because verification recognised it";
  const score = span.score === null ? "" : `score ${span.score.toFixed(2)}${span.uncertain ? " (uncertain)" : ""}, ${span.detector}`;
  at("selected").replaceChildren(element("strong", { textContent: policy }), ` ${[decisionOf(span), `${preciseClock(span.start_s)} to ${preciseClock(span.end_s)}`, score].filter(Boolean).join(" · ")}`);
  if (decision === "missed") at("policy").value = span.policy;
}

// What saving leads to. Saving itself changes no audio.

function showConsequence(review) {
  const marks = state.spans?.list.filter((span) => (span.decision === "missed" || span.decision === "moved") && !span.isRendered).length ?? 0;
  const restored = review ? state.spans.list.filter((span) => (span.decision === "falsePositive" && span.isMuted) || (span.decision === "moved" && (span.start_s > span.was.start_s + 0.001 || span.end_s < span.was.end_s - 0.001))).length : 0;
  const parts = [];
  if (marks) parts.push(`${counted(marks, "mark")}: muted by `, command("hushbeam rerender --corrections"), " or the next run. ");
  if (restored && state.listed.has_store) parts.push(`${counted(restored, "span")} to restore: by `, command("hushbeam rerender --corrections --store … --store_key …"), " or the next run; without the store, muted still.");
  if (restored && !state.listed.has_store) parts.push(`${counted(restored, "span")} to restore: no run of this output kept a store, so rerender cannot. Muted until the next `, command("hushbeam redact"), " transcribes the recording again.");
  const shown = element("p", {}, ...parts);
  if (at("consequence").textContent !== shown.textContent) at("consequence").replaceChildren(...shown.childNodes);
}

function showPlaying() {
  const isPlaying = Boolean(state.player?.isPlaying);
  at("play").firstChild.textContent = isPlaying ? "Pause " : "Play ";
  at("play").classList.toggle("active", isPlaying);
  at("loop").setAttribute("aria-pressed", String(Boolean(state.player?.around?.loops)));
}

function follow(seconds) {
  const text = `${preciseClock(seconds)} / ${clock(state.player?.duration_s ?? 0)}`;
  if (at("clock").textContent !== text) at("clock").textContent = text;
  const scrolls = at("follow").getAttribute("aria-pressed") === "true";
  state.transcript?.follow(seconds, scrolls);
  state.findings?.follow(seconds, scrolls);
}

// What the reviewer does

function seek(seconds) { state.player?.seek(seconds); }

function choose(id, plays = at("autoplay").getAttribute("aria-pressed") === "true") {
  const span = state.spans?.find(id);
  if (!span) return;
  state.spans.select(id);
  if (!state.player) return;
  if (plays) state.player.playAround(span, false);
  else seek(span.start_s);
  state.player.showPlace(span);
  showPlaying();
}

function clickedWord(word) {
  const span = word.redacted && state.spans?.list.find((one) => lies(one, word, state.detail.mixed));
  if (span) choose(span.id);
  else seek(word.start_s);
}

function around(loops) {
  const span = state.spans?.current;
  if (!span || !state.player) return;
  if (loops && state.player.around?.loops) state.player.around.loops = false;
  else state.player.playAround(span, loops);
  showPlaying();
}

function mark() {
  if (!state.player || !state.spans) return;
  const now = state.player.position;
  if (state.marking === null) {
    state.marking = now;
    say(`The mark begins at ${preciseClock(now)}. End it where the speech ends, or cancel it.`);
  } else {
    const from = state.marking;
    state.marking = null;
    state.spans.mark(from, now, at("policy").value);
    say(`Marked as ${at("policy").value}, on all channels.`);
  }
  update();
}

function cancel() {
  if (state.marking !== null) {
    state.marking = null;
    say("The mark was cancelled.");
  } else if (state.spans) {
    state.spans.select(null);
  }
  update();
}

function toggle() {
  const id = state.spans?.selected;
  if (id) say(state.spans.toggle(id));
}

function next(by) {
  const span = state.spans?.next(state.spans.current?.start_s ?? state.player?.position ?? -1, by);
  if (span) choose(span.id);
  else say(by > 0 ? "No span after this one." : "No span before this one.");
}

function nudge(start, end) {
  if (state.spans?.nudge(start * NUDGE_S, end * NUDGE_S)) {
    const span = state.spans.current;
    seek(span.start_s);
    state.player?.showPlace(span);
  }
}

function changeRate(by) {
  const index = RATES.indexOf(Number(at("rate").value)) + by;
  if (RATES[index]) setRate(RATES[index]);
}

function setRate(rate) {
  at("rate").value = String(rate);
  if (state.player) state.player.rate = rate;
  say(`Speed ${rate}`);
}

const volume = () => Number(at("volume").value) / 100;

function changeVolume(steps) {
  if (steps > 0) at("volume").stepUp(steps);
  else at("volume").stepDown(-steps);
  setVolume();
}

function setVolume() {
  if (state.player) state.player.volume = volume();
  say(`Volume ${at("volume").value} %`);
}

function flip(id, then = () => {}) {
  const isOn = at(id).getAttribute("aria-pressed") !== "true";
  at(id).setAttribute("aria-pressed", String(isOn));
  then(isOn);
}

const skipSilence = () => flip("silence", (isOn) => { if (state.player) state.player.skipsSilence = isOn; say(isOn ? "Silence is skipped." : "Silence is played."); });

function undo(by) {
  if (state.spans?.step(by)) say(by < 0 ? "Undone." : "Done again.");
}

function save() {
  if (!state.spans || at("save").disabled) return;
  if (state.marking !== null) say("A mark is under way: end it or cancel it first.");
  else if (state.player && !state.played.is) askUnplayed();
  else keepDecision();
}

// Quality figures take a decision for that of somebody who listened.

function askUnplayed() {
  const isCorrected = state.spans.toReview(at("policy").value).decision === "corrected";
  at("unplayed-title").textContent = `Nothing of this recording was played. ${isCorrected ? "Save the corrections" : "Confirm"} anyway?`;
  at("unplayed-save").textContent = isCorrected ? "Save anyway" : "Confirm anyway";
  at("unplayed").showModal();
}

async function keepDecision() {
  const { current: one, spans } = state;
  at("save").disabled = true;
  try {
    const kept = await request(asReviewer(`${pathOf(one)}/review`), {
      method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(spans.toReview(at("policy").value)),
    });
    Object.assign(one, kept);
    spans.draft.write(null);
  } catch (error) {
    if (state.current === one) {
      showError(`Not saved: ${error.message}`);
      at("save").disabled = false;
    }
    return;
  }
  const next = state.recordings.nextOpen();
  state.recordings.show();
  if (state.current !== one) return;
  await open(next ?? one);
  say(next ? `${one.recording_id}: ${one.decision}. Next: ${next.recording_id}` : `${one.recording_id}: ${one.decision}. It was the last one of the list.`);
}

// On a narrow screen the list lies over the recording.

function closeList() {
  document.body.classList.remove("listing");
  at("list-toggle").ariaExpanded = "false";
}

at("list-toggle").onclick = () => {
  const isOpen = document.body.classList.toggle("listing");
  at("list-toggle").ariaExpanded = String(isOpen);
};
at("reviewer").onclick = async () => {
  const name = await askName();
  if (name === state.reviewer) return;
  state.reviewer = name;
  await load();
};

const act = {
  play: () => state.player?.toggle(), around: () => around(false), loop: () => around(true), silence: skipSilence,
  slower: () => changeRate(-1), faster: () => changeRate(1), quieter: () => changeVolume(-2), louder: () => changeVolume(2), next: () => next(1), previous: () => next(-1),
  nextRecording: () => state.recordings?.step(1), previousRecording: () => state.recordings?.step(-1),
  search: () => at("search").focus(), zoomIn: () => zoom(ZOOM_STEP), zoomOut: () => zoom(1 / ZOOM_STEP), zoomAll: () => zoom(0),
  zoomToSpan: () => { if (state.spans?.current) state.player?.zoomTo(state.spans.current); },
  mark, cancel, toggle, nudge, save, undo: () => undo(-1), redo: () => undo(1),
  back: () => seek((state.player?.position ?? 0) - SEEK_S), forward: () => seek((state.player?.position ?? 0) + SEEK_S),
  sheet: () => at("sheet").showModal(), focus: (id) => { if (state.spans && state.spans.selected !== id) choose(id, false); },
};

function zoom(factor) { state.player?.zoom(state.player.pixelsEachSecond * factor); }

listenToKeys(act);
const buttons = {
  play: act.play, "span-before": act.previous, "span-after": act.next, around: act.around, loop: act.loop, mark, cancel, remove: toggle, save,
  undo: act.undo, redo: act.redo, "zoom-in": act.zoomIn, "zoom-out": act.zoomOut, "zoom-all": act.zoomAll, "zoom-span": act.zoomToSpan,
  silence: skipSilence, follow: () => flip("follow"), autoplay: () => flip("autoplay"), help: act.sheet,
};
for (const [id, run] of Object.entries(buttons)) at(id).onclick = () => run();
for (const button of document.querySelectorAll("[data-nudge]")) button.onclick = () => nudge(...button.dataset.nudge.split(" ").map(Number));
at("unplayed").onclose = () => {
  const { returnValue } = at("unplayed");
  at("unplayed").returnValue = "";
  if (returnValue === "save") keepDecision();
  if (returnValue === "play" && !state.player?.isPlaying) act.play();
};
at("rate").onchange = () => setRate(Number(at("rate").value));
at("volume").oninput = setVolume;
at("policy").onchange = () => {
  const span = state.spans?.current;
  if (span?.decision === "missed") state.spans.rename(span.id, at("policy").value);
};
addEventListener("resize", () => { if (state.player?.wave && state.spans) state.player.drawMap(state.spans.list); });
start().catch((error) => { at("welcome").textContent = error.message; });
