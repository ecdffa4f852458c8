// What this browser keeps of recordings: unsaved changes, and which ones were played. Both are dropped when the output has
// changed. Neither holds text.

export class Draft {
  constructor(output, reviewer, recording, identity) {
    this.name = Draft.nameOf(output, reviewer, recording);
    this.identity = identity;
  }

  static nameOf(output, reviewer, recording) { return `hushbeam ${output} ${encodeURIComponent(reviewer)} ${recording}`; }

  static exists(output, reviewer, recording) { return stored(() => localStorage.getItem(Draft.nameOf(output, reviewer, recording))) !== null; }

  read() {
    const text = stored(() => localStorage.getItem(this.name));
    if (!text) return null;
    const [identity, snapshot] = JSON.parse(text);
    return identity === this.identity ? snapshot : null;
  }

  write(snapshot) {
    stored(() => (snapshot === null ? localStorage.removeItem(this.name) : localStorage.setItem(this.name, JSON.stringify([this.identity, snapshot]))));
  }
}

// Whether something of a recording was played in this tab, as it is published now.

export class Played {
  constructor(output, reviewer, recording, identity) {
    this.name = Draft.nameOf(output, reviewer, recording);
    this.identity = identity;
    this.is = stored(() => sessionStorage.getItem(this.name)) === identity;
  }

  keep() {
    if (this.is) return;
    this.is = true;
    stored(() => sessionStorage.setItem(this.name, this.identity));
  }
}

// A browser may refuse storage, or have no room left: the page works without.

function stored(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
